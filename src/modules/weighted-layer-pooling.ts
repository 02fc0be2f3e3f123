import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { findCheckpoint } from "../checkpoint/open.ts";
import { FormatError, ShapeError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import { CONFIG } from "../files/model-files.ts";
import type { Weights } from "../nn/weights.ts";
import { upload } from "../tensor/ops/upload.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Features } from "./features.ts";
import { type Module, overCheckpoint, type PrepareContext, type PreparedModule } from "./module.ts";
import { type SavedDType, saveWeights } from "./save-weights.ts";

interface WeightedLayerSettings {
  readonly embeddingDimension: number;
  readonly layerStart: number;
  /** Layers from `layerStart` on, the embeddings being layer 0. */
  readonly layerCount: number;
}

/**
 * Token embeddings become a weighted mean of the outputs of several layers.
 * sentence-transformers v6.0.1, modules/weighted_layer_pooling.py. As there, it does nothing where the encoder
 * does not keep its layers' outputs (`output_hidden_states` of config.json).
 */
export class WeightedLayerPooling implements Module {
  readonly type = "WeightedLayerPooling";
  readonly embeddingDimension: number;
  readonly #layerStart: number;
  readonly #layerWeights: Tensor;
  readonly #weights: Weights;
  readonly #open: () => Promise<Checkpoint>;

  private constructor(settings: WeightedLayerSettings, weights: Weights, open: () => Promise<Checkpoint>) {
    this.embeddingDimension = settings.embeddingDimension;
    this.#layerStart = settings.layerStart;
    this.#layerWeights = weights.vector("layer_weights", settings.layerCount);
    weights.assertAllTaken();
    this.#weights = weights;
    this.#open = open;
  }

  static async prepare({ source }: PrepareContext): Promise<PreparedModule> {
    const settings = readSettings(await ConfigReader.read(source, CONFIG));
    const { open } = await findCheckpoint(source);
    return {
      type: "WeightedLayerPooling",
      takesText: false,
      embeddingDimension: settings.embeddingDimension,
      declare: (context) =>
        overCheckpoint(open, context, (weights) => new WeightedLayerPooling(settings, weights, open)),
    };
  }

  /** Few models have this module: its sums are made in host memory, in f64. */
  async forward(features: Features): Promise<void> {
    if (features.hiddenStates === null) return;
    const last = features.get("token_embeddings");
    const layers = [...features.hiddenStates, last].slice(this.#layerStart);
    const layerWeights = await this.#layerWeights.read();
    if (layers.length !== layerWeights.length) {
      throw new ShapeError(
        `WeightedLayerPooling: expected a weight for each of ${layers.length} layers from ${this.#layerStart} on, got ${layerWeights.length}`,
      );
    }
    const sum = new Float64Array(last.elementCount);
    let total = 0;
    for (const [i, layer] of layers.entries()) {
      const weight = layerWeights[i]!;
      const values = await layer.read();
      for (let element = 0; element < sum.length; element++) sum[element]! += weight * values[element]!;
      total += weight;
    }
    const mean = Float32Array.from(sum, (value) => value / total);
    features.set("token_embeddings", upload(this.#weights.backend, Tensor.from(mean, last.shape)));
  }

  dispose(): void {
    this.#weights.dispose();
  }

  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    await writeJson(target, CONFIG, {
      word_embedding_dimension: this.embeddingDimension,
      layer_start: this.#layerStart,
      num_hidden_layers: this.#layerWeights.elementCount - 1 + this.#layerStart,
    });
    await saveWeights(target, this.#open, dtype);
  }
}

function readSettings(config: ConfigReader): WeightedLayerSettings {
  const key = config.has("embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
  const embeddingDimension = config.integer(key, { minimum: 1 });
  const layerStart = config.integer("layer_start", { fallback: 4 });
  const layerCount = config.integer("num_hidden_layers", { fallback: 12 }) + 1 - layerStart;
  if (layerCount < 1) {
    throw new FormatError(`"layer_start": expected at most the number of layers, found ${layerStart}`, {
      code: "invalid-value",
      subject: "layer_start",
      file: config.file,
    });
  }
  return { embeddingDimension, layerStart, layerCount };
}
