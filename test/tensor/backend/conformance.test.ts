import { createJsBackend, createReferenceBackend } from "../../../src/tensor/backend/js/js-backend.ts";
import { runConformance } from "./conformance.ts";

runConformance("reference", createReferenceBackend);
runConformance("js", createJsBackend);
