/** The last step of `encode`: embeddings in the precision that was asked for. */

import {
  type EmbeddingPrecision,
  type QuantizedArray,
  type QuantizeOptions,
  quantizeEmbeddings,
  quantizeTensors,
} from "../embeddings/quantize-embeddings.ts";
import type { Tensor2D } from "../tensor/tensor.ts";

type Ranges = QuantizeOptions["ranges"];

/** Vectors in another precision. */
export function quantizeVectors<P extends EmbeddingPrecision>(
  vectors: Float32Array[],
  precision: P,
  ranges: Ranges,
): QuantizedArray<P>[] {
  return precision === "float32"
    ? (vectors as QuantizedArray<P>[])
    : quantizeEmbeddings(vectors, precision, { ranges });
}

/** [texts, dimension] in another precision. */
export function quantizeMatrix(matrix: Tensor2D, precision: EmbeddingPrecision, ranges: Ranges): Tensor2D {
  return precision === "float32" ? matrix : quantizeEmbeddings(matrix, precision, { ranges });
}

/** Token embeddings [tokens, hidden] of each text in another precision, with the ranges of all tokens together. */
export function quantizeTokens(
  tensors: Tensor2D[],
  precision: EmbeddingPrecision,
  ranges: Ranges,
): Tensor2D[] {
  if (precision === "float32" || tensors.length === 0) return tensors;
  return quantizeTensors(tensors, precision, { ranges });
}
