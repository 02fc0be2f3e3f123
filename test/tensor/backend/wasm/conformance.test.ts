import { test } from "node:test";
import { UnsupportedError } from "../../../../src/errors.ts";
import {
  createWasmBackend,
  createWideWasmBackend,
} from "../../../../src/tensor/backend/wasm/wasm-backend.ts";
import { runConformance } from "../conformance.ts";

runConformance("wasm", createWasmBackend);

const reason = await createWideWasmBackend().then(
  (backend) => backend.dispose(),
  (error: unknown) => {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  },
);
if (reason === undefined) runConformance("wide wasm", createWideWasmBackend);
else test("the wide wasm backend", { skip: reason }, () => {});
