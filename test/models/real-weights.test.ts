/** Trained weights have outliers that random ones lack: the real encoder of a BERT-tiny, against float64. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openCheckpoint, openCheckpointFile } from "../../src/checkpoint/open.ts";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { ConfigReader } from "../../src/files/config-reader.ts";
import { BertEncoder, BertModel, BertPooler } from "../../src/models/bert.ts";
import { Dense, settleDense } from "../../src/modules/dense.ts";
import { Features } from "../../src/modules/features.ts";
import { Linear } from "../../src/nn/linear.ts";
import { Weights } from "../../src/nn/weights.ts";
import { FolderSource } from "../../src/sources/folder-source-node.ts";
import { upload } from "../../src/tensor/ops/upload.ts";
import { scope } from "../../src/tensor/scope.ts";
import { selectBackend } from "../../src/tensor/select.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { testedBackends } from "../helpers/backends.ts";
import { relativeDistance } from "../helpers/fixtures.ts";

const bertTiny = fileURLToPath(new URL("../../../shared/models/bert-tiny-sst2/", import.meta.url));
const labse = fileURLToPath(new URL("../../../shared/models/labse-2_Dense/", import.meta.url));
const samples = ["sst2", "sample0"];

/** Relative to a token's largest value. float32 rounding through two layers; torch's own float32 is as far. */
const BOUND = 2e-6;

for (const name of testedBackends) {
  const skip = existsSync(bertTiny) ? false : "../shared/models/bert-tiny-sst2 is absent";

  test(`${name}: the real BERT-tiny gives the float64 reference`, { skip }, async (t) => {
    const backend = await selectBackend({ backend: name });
    const source = new FolderSource(bertTiny);
    const config = BertModel.readConfig(await ConfigReader.read(source, "config.json"));
    const checkpoint = await openSafetensors(source, "encoder_pooler_classifier.safetensors");
    const weights = Weights.of(checkpoint, backend);
    const encoder = new BertEncoder(config, weights.scope("bert.encoder"));
    const pooler = new BertPooler(config, weights.scope("bert.pooler"));
    const classifier = new Linear(config.hiddenSize, 2, weights.scope("classifier"));
    weights.assertAllTaken();
    await weights.fill();
    await checkpoint.close();

    const data = await openSafetensors(source, "inputs_and_reference.safetensors");
    const lengths = samples.map((sample) => data.tensors.get(`${sample}.embedding_output`)!.shape[0]!);
    const offsets = Int32Array.from([0, lengths[0]!, lengths[0]! + lengths[1]!]);
    const packed = new Float32Array(offsets[2]! * config.hiddenSize);
    const exact: number[] = [];
    for (const [i, sample] of samples.entries()) {
      const start = offsets[i]! * config.hiddenSize;
      const end = offsets[i + 1]! * config.hiddenSize;
      await data.readFloat32(`${sample}.embedding_output`, packed.subarray(start, end), 0);
      const bytes = (await data.readBytes(`${sample}.last_hidden_state_f64`)).slice();
      exact.push(...new Float64Array(bytes.buffer));
    }
    await data.close();

    const hidden = upload(backend, Tensor.from(packed, [offsets[2]!, config.hiddenSize]));
    const { lastHiddenState } = await encoder.forward(backend, hidden, offsets, {});
    const distance = relativeDistance(
      (await lastHiddenState.read()) as Float32Array,
      exact,
      config.hiddenSize,
    );
    t.diagnostic(`hidden states: ${distance.toExponential(1)} from float64`);
    assert.ok(distance < BOUND, String(distance));

    const json = JSON.parse(readFileSync(`${bertTiny}reference_local_torch.json`, "utf8"));
    const pooled = scope(backend, () => pooler.forward(lastHiddenState, offsets));
    const values = (await pooled.read()) as Float32Array;
    for (const [i, sample] of samples.entries()) {
      const row = values.subarray(i * config.hiddenSize, (i + 1) * config.hiddenSize);
      const away = relativeDistance(row, json[sample].pooler_f64, config.hiddenSize);
      assert.ok(away < BOUND, `pooler of ${sample}: ${away}`);
    }
    const logits = (await scope(backend, () => classifier.forward(pooled)).read()) as Float32Array;
    const exactLogits = samples.flatMap((sample) => json[sample].logits_f64);
    const away = relativeDistance(logits, exactLogits, 2);
    assert.ok(away < BOUND, `logits: ${away}`);
    backend.dispose();
  });

  test(`${name}: LaBSE's real Dense gives the same from safetensors and from pytorch_model.bin`, {
    skip: existsSync(labse) ? false : "../shared/models/labse-2_Dense is absent",
  }, async () => {
    const backend = await selectBackend({ backend: name });
    const source = new FolderSource(labse);
    const options = { inFeatures: 768, outFeatures: 768 };
    const x = Float32Array.from({ length: 3 * 768 }, (_, i) => Math.sin(i) / 2);
    const checkpoint = await openCheckpoint(source);
    const weight = new Float32Array(768 * 768);
    const bias = new Float32Array(768);
    await checkpoint.readFloat32("linear.weight", weight, 0);
    await checkpoint.readFloat32("linear.bias", bias, 0);
    await checkpoint.close();
    const exact = Float64Array.from({ length: 3 * 768 }, (_, i) => {
      const [row, column] = [Math.floor(i / 768), i % 768];
      let sum = bias[column]!;
      for (let k = 0; k < 768; k++) sum += x[row * 768 + k]! * weight[column * 768 + k]!;
      return Math.tanh(sum);
    });

    const results: Float32Array[] = [];
    for (const file of ["model.safetensors", "pytorch_model.bin"]) {
      const declared = await Dense.declare(
        settleDense(options, file),
        () => openCheckpointFile(source, file),
        { backend, dtype: "float32" },
      );
      await declared.fill({});
      await declared.close();
      const features = new Features({
        inputIds: new Int32Array(0),
        tokenTypeIds: null,
        positionIds: null,
        offsets: new Int32Array(1),
      });
      features.set("sentence_embedding", upload(backend, Tensor.from(x, [3, 768])));
      (declared.module as Dense).forward(features);
      results.push((await features.get("sentence_embedding").read()) as Float32Array);
      features.dispose();
      declared.module.dispose();
    }
    assert.deepEqual(results[0], results[1]);
    assert.ok(relativeDistance(results[0]!, exact, 768) < BOUND);
    backend.dispose();
  });
}
