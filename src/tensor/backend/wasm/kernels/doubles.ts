/** Sums and quotients of f32 rows in f64: rounded once at the end, as the reference kernels do. */
import {
  type Expression,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i32,
  type Local,
  v128,
} from "../../../../wasm-assembler/index.ts";
import type { Vector } from "./vector.ts";

/** The bytes of lanes 2, 3, 2, 3. */
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** The first halves of two vectors. */
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** The first and the last two of four f32, as f64. */
export function promote(x: Local<"v128">): readonly [low: Vector, high: Vector] {
  return [f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(i8x16.shuffle(x, x, HIGH_HALF))];
}

/** The inverse of `promote`, rounded. */
export function demote(low: Vector, high: Vector): Vector {
  return i8x16.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), LOW_HALVES);
}

/** Σ term(x[i]) over a row of f32 at address `x`. `term` is asked for vectors and for what is left of the row. */
export function sumRow(
  f: FunctionBuilder,
  x: Local<"i32">,
  width: Local<"i32">,
  term: {
    readonly vector: (x: Vector) => Vector;
    readonly scalar: (x: Expression<"f64">) => Expression<"f64">;
  },
): Local<"f64"> {
  const at = f.let("at", x);
  const end = f.let("end", i32.add(x, i32.shl(i32.and(width, -4), 2)));
  const value = f.local("v128", "value");
  const sums = f.locals("v128", "sum", 2);
  for (const sum of sums) sum.set(v128.const("f64x2", 0));
  f.while(i32.lt_u(at, end), () => {
    value.set(v128.load(at));
    for (const [half, part] of promote(value).entries()) {
      sums[half]!.set(f64x2.add(sums[half]!, term.vector(part)));
    }
    f.increment(at, 16);
  });
  const both = f64x2.add(sums[0]!, sums[1]!);
  const total = f.let("total", f64.add(f64x2.extract_lane(both, 0), f64x2.extract_lane(both, 1)));

  end.set(i32.add(x, i32.shl(width, 2)));
  f.while(i32.lt_u(at, end), () => {
    total.set(f64.add(total, term.scalar(f64.promote_f32(f32.load(at)))));
    f.increment(at, 4);
  });
  return total;
}
