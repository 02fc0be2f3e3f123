/** Numbers that were made in another realm, as test runners and frames have them: classes of the same names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { AutoModel, Tensor, util } from "../src/index.ts";
import { modelFolder } from "./helpers/fixtures.ts";

function foreign<T>(code: string): T {
  const value = runInNewContext(code) as T;
  assert.ok(!(value instanceof Object));
  return value;
}

test("vectors keep their type", () => {
  const floats = foreign<Float32Array>("Float32Array.of(3, 4)");
  const bytes = foreign<Int8Array>("Int8Array.of(3, 4)");
  assert.deepEqual(util.normalizeEmbeddings([floats])[0], Float32Array.of(0.6, 0.8));
  assert.throws(() => util.quantizeEmbeddings([bytes] as never, "ubinary"), { name: "ArgumentError" });
  assert.throws(() => util.cosSim([foreign<Float32Array>("Int32Array.of(3, 4)")], [floats]), {
    name: "ArgumentError",
  });
  assert.deepEqual(util.dotScore([bytes], [bytes]).toArray(), [[25]]);
});

test("ids may lie in tensors of a foreign Int32Array", async () => {
  const model = await AutoModel.fromPretrained(modelFolder("bert-mean"), { backend: "js" });
  const inputIds = Tensor.from(foreign<Int32Array>("Int32Array.of(2, 7, 3)"), [1, 3]);
  const own = await model({ inputIds: Tensor.from(Int32Array.of(2, 7, 3), [1, 3]) });
  const output = await model({ inputIds });
  assert.deepEqual(output.lastHiddenState.data, own.lastHiddenState.data);
  await model.dispose();
});
