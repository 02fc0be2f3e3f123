import type { StreamOptions } from "../../base-model/encode-options.ts";
import type { EmbeddingPrecision } from "../../embeddings/quantize-embeddings.ts";
import type { Vector } from "../../embeddings/rows.ts";
import type { SentenceTransformer } from "../../sentence-transformer.ts";
import type { RowSink } from "./row-sink.ts";

/** So many embeddings are written at a time. */
const ROWS_PER_APPEND = 256;

export interface EncodeIntoOptions {
  readonly encode: StreamOptions<EmbeddingPrecision>;
  /** Whether texts are written along with their embeddings. */
  readonly withTexts: boolean;
  readonly onRow: (index: number) => void;
}

/**
 * Embeds texts and appends them to a sink as they come, in bounded memory. However it ends, the sink has all that
 * was embedded by then.
 *
 * @returns how many texts were longer than the model takes
 */
export async function encodeInto(
  sink: RowSink,
  model: SentenceTransformer,
  texts: AsyncIterable<string>,
  { encode, withTexts, onRow }: EncodeIntoOptions,
): Promise<number> {
  let embeddings: Vector[] = [];
  let sentences: string[] = [];
  let cut = 0;
  const append = async () => {
    const rows = { embeddings, sentences: withTexts ? sentences : undefined };
    embeddings = [];
    sentences = [];
    if (rows.embeddings.length > 0) await sink.append(rows);
  };
  try {
    for await (const { index, text, embedding, truncated } of model.encodeStream(texts, encode)) {
      onRow(index);
      embeddings.push(embedding);
      sentences.push(text);
      if (truncated) cut++;
      if (embeddings.length === ROWS_PER_APPEND) await append();
    }
  } finally {
    await append();
  }
  return cut;
}
