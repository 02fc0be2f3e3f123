import { ArgumentError, ShapeError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import { CONFIG } from "../files/model-files.ts";
import { type PoolingConfig, poolingJson, readPoolingConfig } from "../pooling/from-config.ts";
import { isPoolingMode, type PoolingMode, poolingModes, reductionOfMode } from "../pooling/modes.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { pool } from "../tensor/ops/pool.ts";
import type { Features } from "./features.ts";
import { type Module, type PrepareContext, type PreparedModule, withoutWeights } from "./module.ts";

export interface PoolingOptions {
  readonly embeddingDimension: number;
  /** One mode, or several whose results are concatenated in this order. Default: mean. */
  readonly poolingMode?: PoolingMode | readonly PoolingMode[] | undefined;
  /** False leaves the tokens of the prompt out. Default: true. */
  readonly includePrompt?: boolean | undefined;
}

const optionNames: OptionNames<PoolingOptions> = {
  embeddingDimension: true,
  poolingMode: true,
  includePrompt: true,
};

/**
 * One vector a text from one vector a token: [tokens, dimension] → [texts, modes · dimension].
 * sentence-transformers v6.0.1, sentence_transformer/modules/pooling.py.
 */
export class Pooling implements Module {
  readonly type = "Pooling";
  readonly config: PoolingConfig;

  constructor(options: PoolingOptions) {
    options = readOptions("Pooling", options, optionNames);
    const { embeddingDimension, poolingMode = "mean", includePrompt = true } = options;
    const modes = typeof poolingMode === "string" ? [poolingMode] : [...poolingMode];
    const unknown = modes.find((mode) => !isPoolingMode(mode));
    if (unknown !== undefined || modes.length === 0) {
      throw new ArgumentError(
        `Pooling: poolingMode: expected ${poolingModes.join(", ")}, got ${JSON.stringify(unknown ?? [])}`,
        { code: "unknown-pooling-mode", subject: "poolingMode" },
      );
    }
    if (!(Number.isSafeInteger(embeddingDimension) && embeddingDimension > 0)) {
      throw new ArgumentError(
        `Pooling: embeddingDimension: expected a whole number from 1 on, got ${String(embeddingDimension)}`,
        { subject: "embeddingDimension" },
      );
    }
    this.config = { embeddingDimension, modes, includePrompt };
  }

  static async prepare({ source }: PrepareContext): Promise<PreparedModule> {
    const config = readPoolingConfig(await ConfigReader.read(source, CONFIG));
    const { embeddingDimension, modes, includePrompt } = config;
    return withoutWeights(new Pooling({ embeddingDimension, poolingMode: modes, includePrompt }));
  }

  get embeddingDimension(): number {
    return this.config.modes.length * this.config.embeddingDimension;
  }

  get inputDimension(): number {
    return this.config.embeddingDimension;
  }

  forward(features: Features): void {
    const { embeddingDimension, modes, includePrompt } = this.config;
    const tokenEmbeddings = features.get("token_embeddings");
    if (tokenEmbeddings.shape[1] !== embeddingDimension) {
      throw new ShapeError(
        `Pooling: expected token embeddings of ${embeddingDimension} dimensions, got ${tokenEmbeddings.shape[1]}`,
        { code: "width-mismatch" },
      );
    }
    const reductions = modes.map((mode) => reductionOfMode[mode]);
    const skip = includePrompt ? 0 : (features.promptLength ?? 0);
    features.set("sentence_embedding", pool(tokenEmbeddings, features.tokens.offsets, reductions, skip));
  }

  dispose(): void {}

  async save(target: FileTarget): Promise<void> {
    await writeJson(target, CONFIG, poolingJson(this.config));
  }
}
