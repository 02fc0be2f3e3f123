/** The last step of `encode`: embeddings in the precision that was asked for. */
import { Tensor } from "../tensor/tensor.ts";
import {
  type EmbeddingPrecision,
  type QuantizeOptions,
  quantizeEmbeddings,
} from "../util/quantize-embeddings.ts";

type Ranges = QuantizeOptions["ranges"];

/** [texts, dimension] in another precision. */
export function quantizeMatrix(matrix: Tensor, precision: EmbeddingPrecision, ranges: Ranges): Tensor {
  return precision === "float32" ? matrix : quantizeEmbeddings(matrix, precision, { ranges });
}

/** Token embeddings [tokens, hidden] of each text in another precision, with the ranges of all tokens together. */
export function quantizeTokens(
  tensors: readonly Tensor[],
  precision: EmbeddingPrecision,
  ranges: Ranges,
): Tensor[] {
  const [first] = tensors;
  if (precision === "float32" || first === undefined) return [...tensors];
  const width = first.shape[1]!;
  const counts = tensors.map(({ shape }) => shape[0]!);
  const all = new Float32Array(tensors.reduce((sum, { elementCount }) => sum + elementCount, 0));
  let end = 0;
  for (const tensor of tensors) {
    all.set(tensor.data, end);
    end += tensor.elementCount;
  }
  const quantized = quantizeMatrix(Tensor.from(all, [all.length / width, width]), precision, ranges);
  let row = 0;
  return counts.map((count) => {
    const rows = quantized.slice(row, row + count);
    row += count;
    return rows;
  });
}
