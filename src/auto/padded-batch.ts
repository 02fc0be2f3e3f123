/** Between padded batches [batch, length], as transformers has them, and the packed ones that we compute. */

import { ArgumentError, ShapeError } from "../errors.ts";
import type { PackedTokens } from "../models/encoder.ts";
import { describe } from "../runtime/check-arguments.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type Tensor2D, type Tensor3D } from "../tensor/tensor.ts";

/** What a tokenizer makes of a batch of texts. All tensors are int32 [batch, length]. */
export interface ModelInputs {
  readonly inputIds: Tensor;
  /** 1 for tokens, 0 for padding. Default: all 1. */
  readonly attentionMask?: Tensor | undefined;
  /** Default: all 0. */
  readonly tokenTypeIds?: Tensor | undefined;
}

const inputNames: OptionNames<ModelInputs> = { inputIds: true, attentionMask: true, tokenTypeIds: true };

/** The tokens of a padded batch, and where each of its rows went. */
export interface PackedBatch {
  readonly tokens: PackedTokens;
  readonly batch: number;
  readonly length: number;
  /** The row and the first column of each sequence; rows without tokens have none. */
  readonly rows: readonly { readonly row: number; readonly column: number }[];
}

/** @throws ShapeError, ArgumentError for shapes that do not fit, and for masks with holes. */
export function packBatch(inputs: ModelInputs, positionsCount: "column" | "content"): PackedBatch {
  inputs = readOptions("model", inputs, inputNames);
  const [batch, length] = checkTensor("inputIds", inputs.inputIds).shape;
  if (batch === undefined || length === undefined || inputs.inputIds.shape.length !== 2) {
    throw new ShapeError(`inputIds: expected [batch, length], got ${formatShape(inputs.inputIds.shape)}`, {
      subject: "inputIds",
    });
  }
  const ids = matrix("inputIds", inputs.inputIds, batch, length)!;
  const mask = matrix("attentionMask", inputs.attentionMask, batch, length);
  const types = matrix("tokenTypeIds", inputs.tokenTypeIds, batch, length);

  const packed = { ids: [] as number[], types: [] as number[], columns: [] as number[] };
  const offsets = [0];
  const rows: { row: number; column: number }[] = [];
  for (let row = 0; row < batch; row++) {
    const { start, end } = maskedRange(mask, row, length);
    if (start === end) continue;
    rows.push({ row, column: start });
    for (let column = start; column < end; column++) {
      packed.ids.push(ids[row * length + column]!);
      packed.types.push(types?.[row * length + column] ?? 0);
      packed.columns.push(column);
    }
    offsets.push(packed.ids.length);
  }
  return {
    tokens: {
      inputIds: Int32Array.from(packed.ids),
      tokenTypeIds: types === null ? null : Int32Array.from(packed.types),
      positionIds: positionsCount === "column" ? Int32Array.from(packed.columns) : null,
      offsets: Int32Array.from(offsets),
    },
    batch,
    length,
    rows,
  };
}

/** [tokens, width] → [batch, length, width], with zeros where there was padding. */
export function unpackTokens(packed: PackedBatch, data: Float32Array, width: number): Tensor3D {
  const { batch, length, rows, tokens } = packed;
  const out = new Float32Array(batch * length * width);
  for (const [i, { row, column }] of rows.entries()) {
    const [start, end] = [tokens.offsets[i]!, tokens.offsets[i + 1]!];
    out.set(data.subarray(start * width, end * width), (row * length + column) * width);
  }
  return Tensor.from(out, [batch, length, width]);
}

/** [sequences, width] → [batch, width], with zeros where a row had no tokens. */
export function unpackRows(packed: PackedBatch, data: Float32Array, width: number): Tensor2D {
  const out = new Float32Array(packed.batch * width);
  for (const [i, { row }] of packed.rows.entries()) {
    out.set(data.subarray(i * width, (i + 1) * width), row * width);
  }
  return Tensor.from(out, [packed.batch, width]);
}

function checkTensor(what: string, tensor: unknown): Tensor {
  if (tensor instanceof Tensor) return tensor;
  throw new ArgumentError(`${what}: expected a tensor [batch, length], got ${describe(tensor)}`, {
    subject: what,
  });
}

function matrix(what: string, tensor: Tensor | undefined, batch: number, length: number): Int32Array | null {
  if (tensor === undefined) return null;
  checkTensor(what, tensor);
  if (!sameShape(tensor.shape, [batch, length])) {
    throw new ShapeError(
      `${what}: expected ${formatShape([batch, length])}, got ${formatShape(tensor.shape)}`,
      { subject: what },
    );
  }
  if (tensor.dtype !== "int32") {
    throw new ShapeError(`${what}: expected int32, got ${tensor.dtype}`, {
      subject: what,
    });
  }
  return tensor.data as Int32Array;
}

/** The tokens of a row. Holes would need attention masks, which a packed batch does without. */
function maskedRange(mask: Int32Array | null, row: number, length: number): { start: number; end: number } {
  if (mask === null) return { start: 0, end: length };
  const values = mask.subarray(row * length, (row + 1) * length);
  const start = values.findIndex((value) => value !== 0);
  if (start === -1) return { start: 0, end: 0 };
  const end = values.findLastIndex((value) => value !== 0) + 1;
  if (values.subarray(start, end).some((value) => value !== 1)) {
    throw new ArgumentError(
      `attentionMask: expected one run of ones in each row, with zeros only before or after it (padding); row ${row} has others`,
      { code: "unsupported-attention-mask", subject: "attentionMask" },
    );
  }
  return { start, end };
}
