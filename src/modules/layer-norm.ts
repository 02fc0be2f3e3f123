import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { findCheckpoint } from "../checkpoint/open.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import { CONFIG } from "../files/model-files.ts";
import { LayerNorm as LayerNormLayer } from "../nn/layer-norm.ts";
import type { Weights } from "../nn/weights.ts";
import type { Features } from "./features.ts";
import { type Module, overCheckpoint, type PrepareContext, type PreparedModule } from "./module.ts";
import { type SavedDType, saveWeights } from "./save-weights.ts";

/** torch's default; the reference's module has no setting for it. */
const EPS = 1e-5;

/** Layer normalization of sentence embeddings. sentence-transformers v6.0.1, modules/layer_norm.py. */
export class LayerNorm implements Module {
  readonly type = "LayerNorm";
  readonly embeddingDimension: number;
  readonly norm: LayerNormLayer;
  readonly #weights: Weights;
  readonly #open: () => Promise<Checkpoint>;

  private constructor(dimension: number, weights: Weights, open: () => Promise<Checkpoint>) {
    this.embeddingDimension = dimension;
    this.norm = new LayerNormLayer(dimension, EPS, weights.scope("norm"));
    weights.assertAllTaken();
    this.#weights = weights;
    this.#open = open;
  }

  static async prepare({ source }: PrepareContext): Promise<PreparedModule> {
    const config = await ConfigReader.read(source, CONFIG);
    const dimension = config.integer("dimension", { minimum: 1 });
    const { open } = await findCheckpoint(source);
    return {
      type: "LayerNorm",
      takesText: false,
      embeddingDimension: dimension,
      inputDimension: dimension,
      declare: (context) =>
        overCheckpoint(open, context, (weights) => new LayerNorm(dimension, weights, open)),
    };
  }

  get inputDimension(): number {
    return this.embeddingDimension;
  }

  forward(features: Features): void {
    features.set("sentence_embedding", this.norm.forward(features.get("sentence_embedding")));
  }

  dispose(): void {
    this.#weights.dispose();
  }

  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    await writeJson(target, CONFIG, { dimension: this.embeddingDimension });
    await saveWeights(target, this.#open, dtype);
  }
}
