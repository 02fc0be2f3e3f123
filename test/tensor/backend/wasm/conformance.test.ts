import { test } from "node:test";
import { UnsupportedError } from "../../../../src/errors.ts";
import { assembleKernels } from "../../../../src/tensor/backend/wasm/kernels/module.ts";
import type { Tile } from "../../../../src/tensor/backend/wasm/kernels/tile.ts";
import { TILE_2X16, TILE_6X8 } from "../../../../src/tensor/backend/wasm/tiles.ts";
import {
  createWasmBackend,
  createWideWasmBackend,
  WasmBackend,
} from "../../../../src/tensor/backend/wasm/wasm-backend.ts";
import { runConformance } from "../conformance.ts";

runConformance("wasm", createWasmBackend);

/** The other tiles and arithmetics that this runtime can run, where they matter; and a memory that is not shared. */
const { features, tile: chosen } = createWasmBackend().share;
for (const tile of [TILE_6X8, TILE_2X16]) {
  for (const relaxed of features.relaxedMultiplyAdd === null ? [false] : [false, true]) {
    if (tile === chosen && relaxed === (features.relaxedMultiplyAdd !== null)) continue;
    const name = `wasm, tile ${tile.name}, ${relaxed ? "relaxed" : "plain"} SIMD, memory of its own`;
    runConformance(name, () => createVariant(tile, relaxed), { only: ["linear: ", "attention: "] });
  }
}

function createVariant(tile: Tile, relaxed: boolean): WasmBackend {
  const mostPages = 2000;
  return new WasmBackend({
    memory: new WebAssembly.Memory({ initial: 1, maximum: mostPages }),
    module: () => new WebAssembly.Module(assembleKernels({ tile, relaxed, sharedMemory: false })),
    features: { ...features, sharedMemory: false, ...(relaxed ? {} : { relaxedMultiplyAdd: null }) },
    tile,
    mostPages,
  });
}

const reason = await createWideWasmBackend().then(
  (backend) => backend.dispose(),
  (error: unknown) => {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  },
);
if (reason === undefined) runConformance("wide wasm", createWideWasmBackend);
else test("the wide wasm backend", { skip: reason }, () => {});
