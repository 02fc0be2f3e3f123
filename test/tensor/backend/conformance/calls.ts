/** One function a kernel: arrays go in, the kernel runs with guarded and NaN-filled memory, an array comes out. */
import type {
  ActivationName,
  AttentionDims,
  Backend,
  EmbeddingDims,
  LayerNormDims,
  PoolDims,
  PooledSequences,
  RowDims,
  Storage,
} from "../../../../src/tensor/backend.ts";
import type { AttentionBoundInputs, LinearBoundInputs } from "../../../helpers/bounds.ts";
import { type Chunk, Memory } from "./memory.ts";

export interface LinearInputs extends LinearBoundInputs {
  /** In what order and portions the weight is written; all at once without. */
  readonly chunks?: readonly Chunk[];
  /** The weight is put into the matrix's own memory, and packed there. */
  readonly packed?: boolean;
  /** `residual` and the result share their storage. */
  readonly inPlace?: boolean;
}

export async function callLinear(backend: Backend, inputs: LinearInputs): Promise<Float32Array> {
  const { rows, inFeatures, outFeatures, activation } = inputs;
  const memory = new Memory(backend);
  const x = memory.input("x", inputs.x);
  const weight = memory.matrix(inputs.weight, outFeatures, inFeatures, inputs);
  const bias = inputs.bias === null ? null : memory.parameter("bias", inputs.bias);
  let residual: Storage | null = null;
  let out: Storage;
  if (inputs.residual !== null && inputs.inPlace === true) {
    residual = memory.inPlace(inputs.residual);
    out = residual;
  } else {
    if (inputs.residual !== null) residual = memory.input("residual", inputs.residual);
    out = memory.output(rows * outFeatures);
  }
  backend.linear(out, x, weight, bias, residual, { rows, activation });
  return memory.finish(out, rows * outFeatures);
}

export interface LayerNormInputs extends LayerNormDims {
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly inPlace?: boolean;
}

export async function callLayerNorm(backend: Backend, inputs: LayerNormInputs): Promise<Float32Array> {
  const { rows, width, eps } = inputs;
  const memory = new Memory(backend);
  const x = inputs.inPlace === true ? memory.inPlace(inputs.x) : memory.input("x", inputs.x);
  const out = inputs.inPlace === true ? x : memory.output(rows * width);
  const weight = memory.parameter("weight", inputs.weight);
  const bias = memory.parameter("bias", inputs.bias);
  backend.layerNorm(out, x, weight, bias, { rows, width, eps });
  return memory.finish(out, rows * width);
}

export interface EmbeddingInputs extends EmbeddingDims {
  readonly tables: readonly Float32Array[];
  readonly ids: readonly Int32Array[];
  readonly chunks?: readonly Chunk[];
}

export async function callEmbeddingSum(backend: Backend, inputs: EmbeddingInputs): Promise<Float32Array> {
  const { rows, width, ids, chunks } = inputs;
  const memory = new Memory(backend);
  const tables = inputs.tables.map((table) => memory.table(table, table.length / width, width, chunks));
  const out = memory.output(rows * width);
  backend.embeddingSum(out, tables, ids, { rows, width });
  return memory.finish(out, rows * width);
}

export interface AttentionInputs extends AttentionBoundInputs, AttentionDims {}

export async function callAttention(backend: Backend, inputs: AttentionInputs): Promise<Float32Array> {
  const { offsets, heads, headDim, scale, span } = inputs;
  const memory = new Memory(backend);
  const q = memory.input("q", inputs.q);
  const k = memory.input("k", inputs.k);
  const v = memory.input("v", inputs.v);
  const relativeBias = inputs.relativeBias && memory.parameter("relativeBias", inputs.relativeBias);
  const out = memory.output(inputs.q.length);
  backend.attention(out, q, k, v, offsets, relativeBias, { heads, headDim, scale, span });
  return memory.finish(out, inputs.q.length);
}

export async function callActivation(
  backend: Backend,
  name: ActivationName,
  values: Float32Array,
  inPlace = false,
): Promise<Float32Array> {
  const memory = new Memory(backend);
  const x = inPlace ? memory.inPlace(values) : memory.input("x", values);
  const out = inPlace ? x : memory.output(values.length);
  backend.activation(out, x, name, values.length);
  return memory.finish(out, values.length);
}

/** `inPlace`: which of the two inputs the sum replaces. */
export async function callAdd(
  backend: Backend,
  first: Float32Array,
  second: Float32Array,
  inPlace?: "a" | "b",
): Promise<Float32Array> {
  const memory = new Memory(backend);
  const a = inPlace === "a" ? memory.inPlace(first) : memory.input("a", first);
  const b = inPlace === "b" ? memory.inPlace(second) : memory.input("b", second);
  const out = inPlace === "a" ? a : inPlace === "b" ? b : memory.output(first.length);
  backend.add(out, a, b, first.length);
  return memory.finish(out, first.length);
}

export interface PoolInputs extends PooledSequences, PoolDims {
  readonly x: Float32Array;
}

/** The whole of out [sequences, outStride], NaN wherever the kernel has written nothing. */
export async function callPool(backend: Backend, inputs: PoolInputs): Promise<Float32Array> {
  const { starts, ends, skip, reduction, width, outStride, outColumn } = inputs;
  const memory = new Memory(backend);
  const x = memory.input("x", inputs.x);
  const out = memory.output(starts.length * outStride);
  backend.pool(out, x, { starts, ends, skip }, { reduction, width, outStride, outColumn });
  return memory.finish(out, starts.length * outStride);
}

export async function callNormalizeRows(
  backend: Backend,
  values: Float32Array,
  { rows, width }: RowDims,
  inPlace = false,
): Promise<Float32Array> {
  const memory = new Memory(backend);
  const x = inPlace ? memory.inPlace(values) : memory.input("x", values);
  const out = inPlace ? x : memory.output(rows * width);
  backend.normalizeRows(out, x, { rows, width });
  return memory.finish(out, rows * width);
}
