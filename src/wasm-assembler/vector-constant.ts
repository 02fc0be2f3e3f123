import { ByteWriter } from "./byte-writer.ts";
import { AssemblyError } from "./error.ts";

const lanes = { i8x16: 16, i16x8: 8, i32x4: 4, i64x2: 2, f32x4: 4, f64x2: 2 } as const;

/** How a vector is divided. */
export type LaneShape = keyof typeof lanes;

/** A shape and its lanes, or one value for all of them. Lanes of `i64x2` are bigints. */
export type VectorLiteral =
  | [shape: Exclude<LaneShape, "i64x2">, ...values: number[]]
  | [shape: "i64x2", ...values: bigint[]];

/**
 * The 16 bytes of a vector constant: `vectorBytes("f32x4", 1, 2, 3, 4)`, or `vectorBytes("i8x16", -1)`
 * for sixteen times the same. Integers may be given signed or unsigned.
 */
export function vectorBytes(...[shape, ...values]: VectorLiteral): Uint8Array {
  const count = lanes[shape];
  if (values.length !== 1 && values.length !== count) {
    throw new AssemblyError(`v128.const ${shape}: expected 1 or ${count} values, found ${values.length}`);
  }
  const writer = new ByteWriter(16);
  for (let lane = 0; lane < count; lane++) writeLane(writer, shape, values[values.length === 1 ? 0 : lane]!);
  return writer.toBytes();
}

function writeLane(writer: ByteWriter, shape: LaneShape, value: number | bigint): void {
  if (shape === "f32x4" || shape === "f64x2") {
    if (typeof value !== "number") refuse(shape, "numbers", value);
    if (shape === "f32x4") writer.f32(value);
    else writer.f64(value);
    return;
  }
  const bits = 128 / lanes[shape];
  const wanted = bits === 64 ? "bigint" : "number";
  const fits = wanted === "bigint" || Number.isInteger(value);
  if (typeof value !== wanted || !fits || value < -(2 ** (bits - 1)) || value >= 2 ** bits) {
    refuse(shape, `${wanted === "bigint" ? "bigints" : "integers"} in −2^${bits - 1} … 2^${bits} − 1`, value);
  }
  for (let bit = 0; bit < bits; bit += 8) writer.byte(Number((BigInt(value) >> BigInt(bit)) & 0xffn));
}

function refuse(shape: LaneShape, expected: string, found: number | bigint): never {
  throw new AssemblyError(`v128.const ${shape}: expected ${expected}, found ${found}`);
}
