import type { OptionNames } from "../check-options.ts";
import type { EmbeddingPrecision, QuantizedArray } from "../util/quantize-embeddings.ts";
import type { VectorOptions } from "./options.ts";
import type { TextWindows } from "./text-windows.ts";

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

export interface StreamedEmbedding<P extends EmbeddingPrecision = "float32"> {
  /** Of the text, from 0 on. */
  readonly index: number;
  readonly text: string;
  /** In memory of its own. */
  readonly embedding: QuantizedArray<P>;
  /** Whether the text was longer than `maxSeqLength` and lost its end. */
  readonly truncated: boolean;
}

/** The embeddings of one window of texts. */
export interface EncodedWindow<P extends EmbeddingPrecision> {
  readonly vectors: readonly QuantizedArray<P>[];
  readonly truncated: Uint8Array;
}

/** Reads a window, encodes it, hands its embeddings out one by one, and only then reads on. */
export async function* encodeWindows<P extends EmbeddingPrecision>(
  windows: TextWindows,
  windowSize: number,
  encode: (texts: readonly string[]) => Promise<EncodedWindow<P>>,
): AsyncGenerator<StreamedEmbedding<P>, void, undefined> {
  let index = 0;
  try {
    for (;;) {
      const texts = await windows.read(windowSize);
      if (texts.length === 0) return;
      const { vectors, truncated } = await encode(texts);
      for (const [i, text] of texts.entries()) {
        yield { index, text, embedding: vectors[i]!, truncated: truncated[i] === 1 };
        windows.checkSignals(); // what is computed already is not wanted any more
        index++;
      }
    }
  } catch (error) {
    await windows.close().catch(() => {}); // the first error counts
    throw error;
  } finally {
    await windows.close();
  }
}
