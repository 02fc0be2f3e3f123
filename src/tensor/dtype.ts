import { ArgumentError } from "../errors.ts";

/** Element types of tensors in memory. Kernels compute in float32; the others carry ids, masks and quantized results. */
export type DType = "float32" | "float64" | "int32" | "int8" | "uint8";

export type TypedArrayOf<D extends DType> = D extends "float32"
  ? Float32Array
  : D extends "float64"
    ? Float64Array
    : D extends "int32"
      ? Int32Array
      : D extends "int8"
        ? Int8Array
        : Uint8Array;

export type TensorData = Float32Array | Float64Array | Int32Array | Int8Array | Uint8Array;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const;

export function newTypedArray<D extends DType>(dtype: D, length: number): TypedArrayOf<D> {
  return new constructors[dtype](length) as TypedArrayOf<D>;
}

/** By the name of its class, which is the same in every realm; undefined for other views. */
export function knownDType(data: ArrayBufferView): DType | undefined {
  return byClass.get(className(data));
}

/** @throws ArgumentError for views of other elements */
export function dtypeOf(data: ArrayBufferView): DType {
  const dtype = knownDType(data);
  if (dtype !== undefined) return dtype;
  const name = className(data);
  throw new ArgumentError(
    `expected a ${[...byClass.keys()].slice(0, -1).join(", ")} or Uint8Array, got a ${name}`,
    { code: "unsupported-element-type", subject: String(name) },
  );
}

function className(data: ArrayBufferView): string | undefined {
  return (data as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag];
}

const byClass: ReadonlyMap<string | undefined, DType> = new Map(
  (Object.keys(constructors) as DType[]).map((dtype) => [constructors[dtype].name, dtype]),
);
