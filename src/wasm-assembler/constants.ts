import type { ByteWriter } from "./byte-writer.ts";
import { instructions } from "./opcodes/instructions.ts";
import type { ValueType } from "./types.ts";

/**
 * Writes the value of a `t.const` instruction. Integers may be given signed or unsigned; an f32 is rounded
 * to nearest; a v128 is 16 bytes. What does not fit is given to `refuse`.
 */
export function writeConstant(
  writer: ByteWriter,
  type: ValueType,
  value: unknown,
  refuse: (message: string) => never,
): void {
  switch (type) {
    case "i32":
      if (typeof value !== "number" || !Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
        refuse(`expected an integer in ${-(2 ** 31)} … ${2 ** 32 - 1}, found ${showConstant(value)}`);
      }
      writer.s32(value | 0);
      break;
    case "i64":
      if (typeof value !== "bigint" || value < -(2n ** 63n) || value >= 2n ** 64n) {
        refuse(`expected a bigint in −2⁶³ … 2⁶⁴ − 1, found ${showConstant(value)}`);
      }
      writer.s64(BigInt.asIntN(64, value));
      break;
    case "f32":
    case "f64":
      if (typeof value !== "number") refuse(`expected a number, found ${showConstant(value)}`);
      if (type === "f32") writer.f32(value);
      else writer.f64(value);
      break;
    case "v128":
      if (!(value instanceof Uint8Array) || value.length !== 16) {
        refuse(`expected the 16 bytes of a vector, found ${showConstant(value)}`);
      }
      writer.bytes(value);
  }
}

/** A constant and `end`: the initial value of a global, the place of a segment. */
export function writeConstantExpression(
  writer: ByteWriter,
  type: ValueType,
  value: unknown,
  refuse: (message: string) => never,
): void {
  const { prefix, code } = instructions[`${type}.const`];
  if (prefix !== 0) writer.byte(prefix);
  writer.byte(code);
  writeConstant(writer, type, value, refuse);
  writer.byte(instructions.end.code);
}

/** A value in few words, for messages. */
export function showConstant(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array || Array.isArray(value)) return `${value.length} elements`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
