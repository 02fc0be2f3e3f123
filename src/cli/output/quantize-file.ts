/** Quantization of embeddings that lie in a file, larger than memory perhaps, by the ranges of all of them. */
import { basename, dirname } from "node:path";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { openSafetensors } from "../../checkpoint/safetensors/open.ts";
import { type EmbeddingPrecision, quantizeEmbeddings } from "../../embeddings/quantize-embeddings.ts";
import { FolderSource } from "../../sources/folder-source-node.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { RowSink } from "./row-sink.ts";

/** Of float32. */
const PIECE = 2 ** 20;

/**
 * Appends the embeddings of a .safetensors file to a sink in another precision: what `quantizeEmbeddings` gives for
 * all of them together.
 *
 * @param texts of the embeddings, in their order; null: the sink takes none
 */
export async function quantizeFile(
  file: string,
  sink: RowSink,
  precision: EmbeddingPrecision,
  texts: AsyncIterator<string> | null,
): Promise<void> {
  const checkpoint = await openSafetensors(new FolderSource(dirname(file)), basename(file));
  try {
    const ranges = await rangesOf(checkpoint);
    for await (const rows of piecesOf(checkpoint)) {
      const embeddings = quantizeEmbeddings(rows, precision, { ranges });
      const sentences = texts === null ? undefined : await take(texts, rows.shape[0]!);
      await sink.append({ embeddings, sentences });
    }
  } finally {
    await checkpoint.close();
  }
}

/** [2, dimension]: the lowest and the highest value of each dimension. */
async function rangesOf(checkpoint: Checkpoint): Promise<Tensor> {
  const dimension = shapeOf(checkpoint)[1];
  const ranges = new Float32Array(2 * dimension);
  const lowest = ranges.subarray(0, dimension).fill(Number.POSITIVE_INFINITY);
  const highest = ranges.subarray(dimension).fill(Number.NEGATIVE_INFINITY);
  for await (const { data } of piecesOf(checkpoint)) {
    for (let i = 0; i < data.length; i++) {
      const column = i % dimension;
      lowest[column] = Math.min(lowest[column]!, data[i]!);
      highest[column] = Math.max(highest[column]!, data[i]!);
    }
  }
  return Tensor.from(ranges, [2, dimension]);
}

async function* piecesOf(checkpoint: Checkpoint): AsyncGenerator<Tensor, void, undefined> {
  const [count, dimension] = shapeOf(checkpoint);
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / dimension));
  for (let start = 0; start < count; start += rowsPerPiece) {
    const rows = Math.min(rowsPerPiece, count - start);
    const data = new Float32Array(rows * dimension);
    await checkpoint.readFloat32("embeddings", data, start * dimension);
    yield Tensor.from(data, [rows, dimension]);
  }
}

function shapeOf(checkpoint: Checkpoint): readonly [number, number] {
  return checkpoint.tensors.get("embeddings")!.shape as readonly [number, number];
}

async function take(texts: AsyncIterator<string>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await texts.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
