import { isNodeCompatible } from "../runtime/environment.ts";
import { withSharedData } from "./shared-data.ts";
import { spawnWebWorker } from "./spawn-web.ts";
import type { SpawnWorker } from "./worker-channel.ts";
import { loadWorkerProgram } from "./worker-program.ts";

/** Workers as this runtime has them: threads in Node, Deno and Bun, Web Workers in browsers. */
export async function chooseSpawn(): Promise<SpawnWorker> {
  const program = withSharedData(await loadWorkerProgram());
  if (!isNodeCompatible()) return (events) => spawnWebWorker(program, events);
  const { spawnThread } = await import("./spawn-node.ts");
  return (events) => spawnThread(program, events);
}
