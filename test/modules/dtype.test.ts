/** How weights are kept: what a model is placed with is what the backend is asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { declareModules, prepareModules } from "../../src/modules/registry.ts";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import type { MatrixDType } from "../../src/tensor/backend.ts";
import { ModelFiles } from "../helpers/model-files.ts";

/** How many matrices modules ask for, by dtype. */
async function asked(fixture: string, dtype: MatrixDType): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const backend = createJsBackend();
  const { createMatrix } = backend.parameters;
  Object.assign(backend.parameters, {
    createMatrix(outFeatures: number, inFeatures: number, given: MatrixDType) {
      counts[given] = (counts[given] ?? 0) + 1;
      return createMatrix.call(backend.parameters, outFeatures, inFeatures, "float32");
    },
  });
  const parts = await prepareModules(ModelFiles.ofFixture(fixture).source, {
    modelType: "SentenceTransformer",
  });
  const declared = await declareModules(parts, { backend, dtype, filling: {} });
  for (const { close } of declared) await close();
  for (const { module } of declared) module.dispose();
  return counts;
}

test("every matrix of every module is asked for with the dtype of the placement", async () => {
  const plain = await asked("bert-dense-chain", "float32");
  assert.ok(plain.float32! > 6, "the premise: an encoder, and more than one Dense");
  assert.deepEqual(await asked("bert-dense-chain", "int8" as "float32"), { int8: plain.float32 });
});

test("a dtype that a backend does not have is rejected by the backend", async () => {
  const parts = await prepareModules(ModelFiles.ofFixture("bert-mean").source, {
    modelType: "SentenceTransformer",
  });
  const context = { backend: createJsBackend(), dtype: "int8" as "float32", filling: {} };
  await assert.rejects(declareModules(parts, context), { code: "unsupported-dtype", subject: "dtype" });
});
