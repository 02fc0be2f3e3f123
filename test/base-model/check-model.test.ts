import assert from "node:assert/strict";
import { test } from "node:test";
import { checkModel } from "../../src/base-model/check-model.ts";
import { SentenceTransformer } from "../../src/index.ts";
import { ModelFiles } from "../helpers/model-files.ts";

test("a default prompt that is not there is rejected as `load` rejects it", async () => {
  const files = ModelFiles.ofFixture("static-embedding");
  await checkModel(files.source);
  files.edit("config_sentence_transformers.json", { default_prompt_name: "nope" });
  const problem = { name: "ArgumentError", code: "prompt-not-found", subject: "nope" };
  await assert.rejects(SentenceTransformer.load(files.source), problem);
  await assert.rejects(checkModel(files.source), problem);
});
