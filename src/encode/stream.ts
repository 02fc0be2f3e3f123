import type { EmbeddingPrecision, QuantizedArray } from "../embeddings/quantize-embeddings.ts";
import type { TextWindows } from "./text-windows.ts";

export interface Streamed<Embedding> {
  /** Of the text, from 0 on. */
  readonly index: number;
  readonly text: string;
  /** In memory of its own. */
  readonly embedding: Embedding;
  /** Whether the text was longer than `maxSeqLength` and lost its end. */
  readonly truncated: boolean;
}

export interface StreamedEmbedding<P extends EmbeddingPrecision = "float32">
  extends Streamed<QuantizedArray<P>> {}

/** The embeddings of one window of texts. */
export interface EncodedWindow<Embedding> {
  readonly embeddings: readonly Embedding[];
  /** 1 for each text that lost its end. */
  readonly truncated: Uint8Array;
}

/** Reads a window, encodes it, hands its embeddings out one by one, and only then reads on. */
export async function* encodeWindows<Embedding>(
  windows: TextWindows,
  windowSize: number,
  encode: (texts: readonly string[]) => Promise<EncodedWindow<Embedding>>,
): AsyncGenerator<Streamed<Embedding>, void, undefined> {
  let index = 0;
  try {
    for (;;) {
      const texts = await windows.read(windowSize);
      if (texts.length === 0) return;
      const { embeddings, truncated } = await encode(texts);
      for (const [i, text] of texts.entries()) {
        yield { index, text, embedding: embeddings[i]!, truncated: truncated[i] === 1 };
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
