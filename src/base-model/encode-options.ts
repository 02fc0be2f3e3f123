import type { EmbeddingPrecision, QuantizedArray } from "../embeddings/quantize-embeddings.ts";
import type { Embeddings } from "../embeddings/rows.ts";
import type { EncodeProgress } from "../encode/progress.ts";
import type { TextFeatures } from "../encode/text-features.ts";
import type { OptionNames } from "../runtime/check-options.ts";
import type { DeviceName } from "../tensor/device.ts";
import type { Tensor1D, Tensor2D } from "../tensor/tensor.ts";
import type { EncodingPool } from "../workers/encoding-pool.ts";

/** What all kinds of `encode` have in common. */
export interface EncodeOptions {
  /** The name of one of the model's `prompts`, which is put in front of every text. */
  readonly promptName?: string | undefined;
  /** A text that is put in front of every text. Wins over `promptName`. */
  readonly prompt?: string | undefined;
  /** The route of models that have several: "query", "document". `encodeQuery` and `encodeDocument` set it. */
  readonly task?: string | undefined;
  /**
   * How many texts go through the model at once, at most. It changes speed and memory, never a number. Default: as suits
   * the backend; 32 on the CPU.
   */
  readonly batchSize?: number | undefined;
  /** A bar on stderr, where that is a terminal. Default: false. */
  readonly showProgressBar?: boolean | undefined;
  /** Called after each batch with the number of texts that are done. */
  readonly onProgress?: ((done: number, total: number, progress: EncodeProgress) => void) | undefined;
  /** Divides each embedding by its length, after truncation. Default: false. */
  readonly normalizeEmbeddings?: boolean | undefined;
  /** Keeps only the first dimensions of sentence embeddings; null: all. Default: the model's `truncateDim`. */
  readonly truncateDim?: number | null | undefined;
  /**
   * Quantizes the embeddings, all of them together, after normalization: see `util.quantizeEmbeddings`.
   * Default: "float32", as they are.
   */
  readonly precision?: EmbeddingPrecision | undefined;
  /**
   * For the precisions int8 and uint8: the lowest and the highest value of each dimension, [2, dimension].
   * Default: those of the embeddings themselves, as in the reference; they then depend on all texts of the call.
   */
  readonly quantizationRanges?: Embeddings | undefined;
  /** Stops the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** What to give back: see the overloads of `encode`. Default: "sentence_embedding". */
  readonly outputValue?: "sentence_embedding" | "token_embeddings" | null | undefined;
  /** One tensor [texts, dimension] in place of an array of vectors. Default: false. */
  readonly convertToTensor?: boolean | undefined;
  /** Workers that do the work: see `startMultiProcessPool`. */
  readonly pool?: EncodingPool | undefined;
  /** Several devices: the work is shared by as many workers, which are started for this call. */
  readonly device?: DeviceName | readonly DeviceName[] | undefined;
  /** How many texts a worker gets at a time. Default: a tenth of its share, at most 5,000. */
  readonly chunkSize?: number | undefined;
}

export const encodeOptionNames: OptionNames<EncodeOptions> = {
  promptName: true,
  prompt: true,
  task: true,
  batchSize: true,
  showProgressBar: true,
  onProgress: true,
  normalizeEmbeddings: true,
  truncateDim: true,
  precision: true,
  quantizationRanges: true,
  signal: true,
  outputValue: true,
  convertToTensor: true,
  pool: true,
  device: true,
  chunkSize: true,
};

export interface VectorOptions<P extends EmbeddingPrecision = "float32"> extends EncodeOptions {
  readonly precision?: P | undefined;
  readonly outputValue?: "sentence_embedding" | undefined;
  readonly convertToTensor?: false | undefined;
}

export interface TensorOptions extends EncodeOptions {
  readonly outputValue?: "sentence_embedding" | undefined;
  readonly convertToTensor: true;
}

export interface TokenOptions extends EncodeOptions {
  readonly outputValue: "token_embeddings";
}

export interface FeatureOptions extends EncodeOptions {
  readonly outputValue: null;
}

/** The options of `encode` that make sense without a last text. int8 and uint8 need `quantizationRanges`. */
export type StreamOptions<P extends EmbeddingPrecision = "float32"> = Omit<
  VectorOptions<P>,
  "outputValue" | "convertToTensor" | "showProgressBar" | "onProgress"
>;

export const streamOptionNames: OptionNames<StreamOptions> = {
  promptName: true,
  prompt: true,
  task: true,
  batchSize: true,
  normalizeEmbeddings: true,
  truncateDim: true,
  precision: true,
  quantizationRanges: true,
  signal: true,
  pool: true,
  device: true,
  chunkSize: true,
};

/** Which prompt counts along with a text. */
export type CountOptions = Pick<EncodeOptions, "prompt" | "promptName" | "task">;

export const countOptionNames: OptionNames<CountOptions> = { prompt: true, promptName: true, task: true };

type Vector = QuantizedArray<EmbeddingPrecision>;

/** What `encode` gives, whatever its options. */
export type EncodeResult =
  | Vector
  | Vector[]
  | Tensor1D
  | Tensor2D
  | Tensor2D[]
  | TextFeatures
  | TextFeatures[];
