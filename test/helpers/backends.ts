/** The backends that whole models are tested on. */
import type { BackendName } from "../../src/tensor/placement.ts";
import { selectBackend } from "../../src/tensor/select.ts";

const all: readonly BackendName[] = ["js", "wasm"];

/** Those that this runtime has; every one that it lacks is a printed line. */
export const testedBackends: readonly BackendName[] = await available();

async function available(): Promise<BackendName[]> {
  const found: BackendName[] = [];
  for (const backend of all) {
    try {
      (await selectBackend({ backend })).dispose();
      found.push(backend);
    } catch (error) {
      console.log(`not tested on ${backend}: ${(error as Error).message}`);
    }
  }
  return found;
}
