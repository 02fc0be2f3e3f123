import { ArgumentError, ShapeError } from "../errors.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import type { TensorData } from "../tensor/dtype.ts";
import { Tensor, type Tensor2D } from "../tensor/tensor.ts";
import { makeContainer, type SameContainer } from "./containers.ts";
import { checkSameDimension, type Embeddings, type Rows, rowsOf } from "./rows.ts";

export const embeddingPrecisions = ["float32", "int8", "uint8", "binary", "ubinary"] as const;

export type EmbeddingPrecision = (typeof embeddingPrecisions)[number];

/** What the elements of each precision are kept in. */
export type QuantizedArray<P extends EmbeddingPrecision> = P extends "float32"
  ? Float32Array
  : P extends "int8" | "binary"
    ? Int8Array
    : Uint8Array;

export interface QuantizeOptions {
  /**
   * For int8 and uint8: the lowest and the highest value of each dimension, [2, dimension]. Default: those of
   * `calibrationEmbeddings`.
   */
  readonly ranges?: Embeddings | undefined;
  /** For int8 and uint8: embeddings to take the ranges from. Default: the embeddings themselves. */
  readonly calibrationEmbeddings?: Embeddings | undefined;
  /** Told where ranges come from too few embeddings to be stable. Default: `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const optionNames: OptionNames<QuantizeOptions> = {
  ranges: true,
  calibrationEmbeddings: true,
  onWarning: true,
};

/** Ranges from fewer embeddings than this are worth a warning, says the reference. */
const FEW_EMBEDDINGS = 100;

/**
 * Embeddings in a lower precision: sentence_transformers/util/quantization.py, with the same integers.
 *
 * - int8, uint8: each dimension's range is cut into 255 steps; uint8 counts them from 0, int8 from −128.
 * - ubinary: one bit a dimension, set where it is above 0, eight to a byte from the highest bit on, the last byte
 *   filled up with zeros: [count, ⌈dimension / 8⌉]. binary: the same less 128.
 *
 * @returns new memory in the container that came in: a vector, an array of vectors that own their memory, a tensor
 * @throws ArgumentError for an unknown precision, and for embeddings that are quantized already
 * @throws ShapeError where the ranges or calibration embeddings have other dimensions
 */
export function quantizeEmbeddings<E extends Embeddings, P extends EmbeddingPrecision>(
  embeddings: E,
  precision: P,
  options: QuantizeOptions = {},
): SameContainer<E, QuantizedArray<P>> {
  options = readOptions("quantizeEmbeddings", options, optionNames);
  const rows = floatRows(embeddings, "quantizeEmbeddings");
  const quantizer = quantizerFor(rows, precision, options);
  return quantizeRows(embeddings, rows, quantizer) as SameContainer<E, QuantizedArray<P>>;
}

/** Matrices of one width, with the ranges of all their rows together: a tensor for each. */
export function quantizeTensors(
  tensors: readonly Tensor2D[],
  precision: EmbeddingPrecision,
  options: QuantizeOptions = {},
): Tensor2D[] {
  const all = tensors.flatMap((tensor) => {
    const data = tensor.data as Float32Array;
    const [count, width] = tensor.shape;
    return Array.from({ length: count }, (_, i) => data.subarray(i * width, (i + 1) * width));
  });
  const quantizer = quantizerFor(floatRows(all, "quantizeEmbeddings"), precision, options);
  return tensors.map((tensor) => {
    return quantizeRows(tensor, floatRows(tensor, "quantizeEmbeddings"), quantizer) as Tensor2D;
  });
}

function quantizeRows(
  embeddings: Embeddings,
  rows: Rows,
  { dtype, dimension, convert }: Quantizer,
): ReturnType<typeof makeContainer>["result"] {
  const container = makeContainer(embeddings, dtype, { count: rows.count, dimension });
  const row = new Float64Array(rows.dimension);
  for (let index = 0; index < rows.count; index++) {
    rows.load(index, row, 0);
    convert(row, container.row(index));
  }
  return container.result;
}

/** What converted rows look like. */
export interface StoredForm {
  readonly dtype: "float32" | "int8" | "uint8";
  readonly dimension: number;
}

/** That of embeddings with `dimension` dimensions. */
export function storedForm(precision: EmbeddingPrecision, dimension: number): StoredForm {
  if (precision === "binary") return { dtype: "int8", dimension: Math.ceil(dimension / 8) };
  if (precision === "ubinary") return { dtype: "uint8", dimension: Math.ceil(dimension / 8) };
  return { dtype: precision, dimension };
}

/** How one row is converted. */
interface Quantizer extends StoredForm {
  convert(row: Float64Array, out: TensorData): void;
}

function quantizerFor(rows: Rows, precision: EmbeddingPrecision, options: QuantizeOptions): Quantizer {
  const form = storedForm(precision, rows.dimension);
  switch (precision) {
    case "float32":
      return { ...form, convert: (row, out) => out.set(row) };
    case "int8":
      return { ...form, convert: toSteps(rows, -128, precision, options) };
    case "uint8":
      return { ...form, convert: toSteps(rows, 0, precision, options) };
    case "binary":
      return { ...form, convert: (row, out) => packBits(row, out, -128) };
    case "ubinary":
      return { ...form, convert: (row, out) => packBits(row, out, 0) };
    default:
      throw new ArgumentError(
        `quantizeEmbeddings: expected float32, int8, uint8, binary or ubinary as precision, got ${JSON.stringify(precision)}`,
        { subject: "precision" },
      );
  }
}

function floatRows(embeddings: Embeddings, operation: string): Rows {
  const rows = rowsOf(embeddings, operation);
  if (rows.dtype === "float32" || rows.dtype === "float64") return rows;
  throw new ArgumentError(`${operation}: expected float vectors, got ${rows.dtype}`, {
    code: "unsupported-dtype",
  });
}

function packBits(row: Float64Array, out: TensorData, zero: number): void {
  for (let byte = 0; byte < out.length; byte++) {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) if (row[8 * byte + bit]! > 0) bits |= 0x80 >> bit;
    out[byte] = bits + zero;
  }
}

/** The numbers of all steps, plus `zero`. */
function toSteps(
  rows: Rows,
  zero: number,
  precision: EmbeddingPrecision,
  options: QuantizeOptions,
): Quantizer["convert"] {
  if (rows.count === 0) return () => {};
  const ranges = rangesFor(rows, precision, options);
  checkSameDimension(rows, ranges, "quantizeEmbeddings: embeddings and ranges");
  const [starts, steps] = startsAndSteps(ranges);
  // numpy's arithmetic: f32 with f32 is rounded to f32 after each operation, f64 with either is f64.
  const round = rows.dtype === "float32" && ranges.dtype === "float32" ? Math.fround : identity;
  return (row, out) => {
    for (let i = 0; i < row.length; i++) {
      const step = Math.floor(round(round(row[i]! - starts[i]!) / steps[i]!));
      out[i] = Math.min(Math.max(step, 0), 255) + zero;
    }
  };
}

function rangesFor(rows: Rows, precision: EmbeddingPrecision, options: QuantizeOptions): Rows {
  const { ranges, calibrationEmbeddings, onWarning = warn } = options;
  if (ranges !== undefined) return checkRanges(floatRows(ranges, "quantizeEmbeddings: ranges"));
  if (calibrationEmbeddings !== undefined) {
    const calibration = floatRows(calibrationEmbeddings, "quantizeEmbeddings: calibrationEmbeddings");
    if (calibration.count === 0) {
      throw new ArgumentError(
        "quantizeEmbeddings: expected at least one of calibrationEmbeddings, got none",
        { subject: "calibrationEmbeddings" },
      );
    }
    return rangesOf(calibration);
  }
  if (rows.count < FEW_EMBEDDINGS) {
    onWarning(
      `quantizeEmbeddings: the ${precision} ranges come from ${rows.count} ${rows.count === 1 ? "embedding" : "embeddings"}; ` +
        "they are more stable with `ranges`, or `calibrationEmbeddings`, from more",
    );
  }
  return rangesOf(rows);
}

function checkRanges(ranges: Rows): Rows {
  if (ranges.count === 2) return ranges;
  throw new ShapeError(
    `quantizeEmbeddings: expected ranges [2, dimension], got [${ranges.count}, ${ranges.dimension}]`,
    { subject: "ranges" },
  );
}

/** [2, dimension]: the lowest and the highest value of each dimension; NaN where there is one, as numpy. */
function rangesOf(rows: Rows): Rows {
  const { dimension } = rows;
  const ranges = rows.dtype === "float32" ? new Float32Array(2 * dimension) : new Float64Array(2 * dimension);
  const lowest = ranges.subarray(0, dimension).fill(Number.POSITIVE_INFINITY);
  const highest = ranges.subarray(dimension).fill(Number.NEGATIVE_INFINITY);
  const row = new Float64Array(dimension);
  for (let index = 0; index < rows.count; index++) {
    rows.load(index, row, 0);
    for (let i = 0; i < dimension; i++) {
      lowest[i] = Math.min(lowest[i]!, row[i]!);
      highest[i] = Math.max(highest[i]!, row[i]!);
    }
  }
  return rowsOf(Tensor.from(ranges, [2, dimension]), "quantizeEmbeddings");
}

/** (highest − lowest) / 255 of each dimension, 1 where that is 0, in the precision of the ranges. */
function startsAndSteps(ranges: Rows): [starts: Float64Array, steps: Float64Array] {
  const round = ranges.dtype === "float32" ? Math.fround : identity;
  const starts = new Float64Array(ranges.dimension);
  const ends = new Float64Array(ranges.dimension);
  ranges.load(0, starts, 0);
  ranges.load(1, ends, 0);
  const steps = starts.map((start, i) => round(round(ends[i]! - start) / 255) || 1);
  return [starts, steps];
}

function identity(value: number): number {
  return value;
}

function warn(message: string): void {
  console.warn(message);
}
