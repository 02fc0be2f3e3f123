import { createWasmBackend } from "../../../../src/tensor/backend/wasm/wasm-backend.ts";
import { runConformance } from "../conformance.ts";

runConformance("wasm", async () => createWasmBackend());
