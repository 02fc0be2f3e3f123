import { type Expressions, expressionTree } from "./instruction-calls.ts";

// Cast once here: the tree is built from the table whose types these members have.
const tree = expressionTree() as unknown as {
  readonly i32: Expressions<"i32">;
  readonly i64: Expressions<"i64">;
  readonly f32: Expressions<"f32">;
  readonly f64: Expressions<"f64">;
  readonly v128: Expressions<"v128">;
  readonly i8x16: Expressions<"i8x16">;
  readonly i16x8: Expressions<"i16x8">;
  readonly i32x4: Expressions<"i32x4">;
  readonly i64x2: Expressions<"i64x2">;
  readonly f32x4: Expressions<"f32x4">;
  readonly f64x2: Expressions<"f64x2">;
  readonly memory: Expressions<"memory">;
};

/**
 * The instructions with a result, by their names in the specification: `f32x4.mul(a, b)`. Operands come
 * first, in stack order, then the immediates; a memory access takes its offset in bytes, or
 * `{ offset, align }`: `v128.load(address, 16)`. Numbers stand for constants.
 */
export const { i32, i64, f32, f64, v128, i8x16, i16x8, i32x4, i64x2, f32x4, f64x2, memory } = tree;
