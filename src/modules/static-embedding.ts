import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { findCheckpoint } from "../checkpoint/open.ts";
import { ArgumentError, FormatError } from "../errors.ts";
import type { FileSource } from "../files/file-source.ts";
import type { FileTarget } from "../files/file-target.ts";
import { TOKENIZER } from "../files/model-files.ts";
import { Embedding } from "../nn/embedding.ts";
import type { Weights } from "../nn/weights.ts";
import type { Backend } from "../tensor/backend.ts";
import { embeddingSum } from "../tensor/ops/embedding-sum.ts";
import { pool } from "../tensor/ops/pool.ts";
import { scope } from "../tensor/scope.ts";
import { loadBareTokenizer } from "../tokenizer/load.ts";
import type { TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";
import { countTokens } from "./count-tokens.ts";
import type { Features } from "./features.ts";
import {
  type InputModule,
  overCheckpoint,
  type PrepareContext,
  type PreparedModule,
  type TokenizedText,
} from "./module.ts";
import { type SavedDType, saveWeights } from "./save-weights.ts";

/** The library's own name of the table, and that of model2vec. */
const tableNames = ["embedding.weight", "embeddings"];

/** What a StaticEmbedding was loaded from. */
interface StaticFiles {
  readonly source: FileSource;
  readonly open: () => Promise<Checkpoint>;
}

/**
 * The mean of one vector a token, looked up in a table: no encoder at all.
 * sentence-transformers v6.0.1, modules/static_embedding.py: the bare tokenizer.json, with the truncation that it
 * saves, and no special tokens.
 */
export class StaticEmbedding implements InputModule {
  readonly type = "StaticEmbedding";
  readonly tokenizer: Tokenizer;
  readonly backend: Backend;
  readonly embedding: Embedding;
  readonly #weights: Weights;
  readonly #files: StaticFiles;

  private constructor(
    tokenizer: Tokenizer,
    table: string,
    shape: readonly [number, number],
    weights: Weights,
    files: StaticFiles,
  ) {
    this.tokenizer = tokenizer;
    this.backend = weights.backend;
    this.embedding = new Embedding("token id", ...shape, weights, table);
    weights.assertAllTaken();
    this.#weights = weights;
    this.#files = files;
  }

  static async prepare({ source, maxSeqLength }: PrepareContext): Promise<PreparedModule> {
    if (maxSeqLength !== undefined) throw noLimit();
    const tokenizer = await loadBareTokenizer(source);
    const { open } = await findCheckpoint(source);
    return {
      type: "StaticEmbedding",
      takesText: true,
      embeddingDimension: undefined,
      declare: (context) =>
        overCheckpoint(open, context, (weights, checkpoint) => {
          const { table, shape } = findTable(checkpoint);
          return new StaticEmbedding(tokenizer, table, shape, weights, { source, open });
        }),
    };
  }

  get embeddingDimension(): number {
    return this.embedding.weight.width;
  }

  get maxSeqLength(): number {
    return Number.POSITIVE_INFINITY;
  }

  set maxSeqLength(_value: number) {
    throw noLimit();
  }

  tokenize(text: TextOrPair): TokenizedText {
    const saved = this.tokenizer.savedTruncation;
    if (saved === null) {
      const { ids } = this.tokenizer.encodeIdsWithin(text, Number.POSITIVE_INFINITY, false);
      return { inputIds: ids, tokenTypeIds: undefined, truncated: false };
    }
    const [first, pair] = typeof text === "string" ? [text] : text;
    const { inputIds, overflowing } = this.tokenizer.encode(first, {
      pair,
      addSpecialTokens: false,
      truncation: saved.strategy,
      maxLength: saved.maxLength,
      truncationSide: saved.side,
    });
    return {
      inputIds: Int32Array.from(inputIds),
      tokenTypeIds: undefined,
      truncated: overflowing.length > 0,
    };
  }

  countTokens(text: TextOrPair): number {
    return countTokens(this.tokenizer, text, false);
  }

  /** The reference does not tell prompts apart here. */
  promptLength(): null {
    return null;
  }

  forward(features: Features): void {
    const { inputIds, offsets } = features.tokens;
    const result = scope(this.backend, () => {
      const vectors = embeddingSum(this.backend, [this.embedding.lookup(inputIds)]);
      return pool(vectors, offsets, ["mean"]);
    });
    features.set("sentence_embedding", result);
  }

  dispose(): void {
    this.#weights.dispose();
  }

  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    const { source, open } = this.#files;
    await target.write(TOKENIZER, await source.read(TOKENIZER));
    await saveWeights(target, open, dtype);
  }
}

function noLimit(): ArgumentError {
  return new ArgumentError("maxSeqLength: a StaticEmbedding has no length limit", {
    code: "unsupported-setting",
    subject: "maxSeqLength",
  });
}

function findTable(checkpoint: Checkpoint): {
  readonly table: string;
  readonly shape: readonly [number, number];
} {
  const table = tableNames.find((name) => checkpoint.tensors.has(name));
  const [rows, width] = (table && checkpoint.tensors.get(table)?.shape) || [];
  if (table === undefined || rows === undefined || width === undefined) {
    throw new FormatError(`checkpoint has no matrix ${tableNames.map((name) => `"${name}"`).join(" or ")}`, {
      code: "missing-tensor",
      subject: tableNames.join(", "),
      file: checkpoint.name,
    });
  }
  return { table, shape: [rows, width] };
}
