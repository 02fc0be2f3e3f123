/** The element types that checkpoints hold, by the names that the safetensors format gives them. */
export type CheckpointDType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

export interface DTypeInfo {
  readonly byteSize: 1 | 2 | 4 | 8;
  readonly kind: "float" | "signed" | "unsigned" | "boolean";
}

const table: ReadonlyMap<string, DTypeInfo> = new Map<CheckpointDType, DTypeInfo>([
  ["F64", { byteSize: 8, kind: "float" }],
  ["F32", { byteSize: 4, kind: "float" }],
  ["F16", { byteSize: 2, kind: "float" }],
  ["BF16", { byteSize: 2, kind: "float" }],
  ["F8_E4M3", { byteSize: 1, kind: "float" }],
  ["F8_E5M2", { byteSize: 1, kind: "float" }],
  ["I64", { byteSize: 8, kind: "signed" }],
  ["I32", { byteSize: 4, kind: "signed" }],
  ["I16", { byteSize: 2, kind: "signed" }],
  ["I8", { byteSize: 1, kind: "signed" }],
  ["U64", { byteSize: 8, kind: "unsigned" }],
  ["U32", { byteSize: 4, kind: "unsigned" }],
  ["U16", { byteSize: 2, kind: "unsigned" }],
  ["U8", { byteSize: 1, kind: "unsigned" }],
  ["BOOL", { byteSize: 1, kind: "boolean" }],
]);

export function isCheckpointDType(name: string): name is CheckpointDType {
  return table.has(name);
}

export function dtypeInfo(dtype: CheckpointDType): DTypeInfo {
  return table.get(dtype)!;
}

/**
 * The product of `shape`, multiplied in order as the safetensors reader does it; 1 for a scalar.
 * `undefined` where it passes 2^53 on the way: such a shape cannot be counted exactly.
 */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** What a row-major tensor takes in a file; `undefined` where that passes 2^53. */
export function storedByteLength(dtype: CheckpointDType, shape: readonly number[]): number | undefined {
  const count = elementCount(shape);
  return count === undefined ? undefined : elementCount([count, dtypeInfo(dtype).byteSize]);
}
