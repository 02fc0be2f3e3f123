import { type FunctionBuilder, f32x4, i32x4, type Local, v128 } from "../../assembler/index.ts";
import type { KernelContext, Vector } from "../context.ts";

/** Beyond these the result is 0 or infinity. */
const LEAST = -104;
const GREATEST = 89;

/** 1.5 · 2²³: added to a small number, it leaves the nearest integer in the lowest bits. */
const ROUNDER = 12582912;
const ROUNDER_BITS = 0x4b400000;

/** ln 2 in two parts: the first has so few bits that its product with an exponent is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = Math.LN2 - LN2_HIGH;

/**
 * (e^r − 1 − r) / r² for |r| ≤ ln 2 / 2: the polynomial of this degree with the least relative error of e^r,
 * 3.2e-9 (fitted by iterated weighted least squares, coefficients rounded to f32).
 */
const COEFFICIENTS = [
  0.4999999403953552, 0.1666651964187622, 0.04166840389370918, 0.00836889911442995, 0.001381422160193324,
];

/** e^x within 2 ulp, with denormal results, 0 and infinity as they should be; NaN of NaN. */
export function exp({ multiplyAdd }: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  // In this order of operands NaN passes through.
  const clamped = f.let("exp_x", f32x4.pmax(f32x4.pmin(x, splat(GREATEST)), splat(LEAST)));

  // x = n · ln 2 + r
  const rounded = f.let("exp_n", multiplyAdd(clamped, splat(Math.LOG2E), splat(ROUNDER)));
  const n = f.let("exp_rounded", f32x4.sub(rounded, splat(ROUNDER)));
  const r = f.let("exp_r", multiplyAdd(n, splat(-LN2_HIGH), clamped));
  r.set(multiplyAdd(n, splat(-LN2_LOW), r));

  const power = polynomial(f, multiplyAdd, r, COEFFICIENTS);
  power.set(multiplyAdd(power, f32x4.mul(r, r), r));

  // · 2ⁿ in two steps: 2ⁿ alone may lie outside of f32 where the result does not.
  const exponent = f.let("exp_exponent", i32x4.sub(rounded, v128.const("i32x4", ROUNDER_BITS)));
  const half = f.let("exp_half", i32x4.shr_s(exponent, 1));
  return f32x4.mul(
    f32x4.mul(f32x4.add(power, splat(1)), powerOfTwo(half)),
    powerOfTwo(i32x4.sub(exponent, half)),
  );
}

function powerOfTwo(exponent: Vector): Vector {
  return i32x4.shl(i32x4.add(exponent, v128.const("i32x4", 127)), 23);
}

/** Σ coefficients[i] · xⁱ by Horner's rule. */
export function polynomial(
  f: FunctionBuilder,
  multiplyAdd: KernelContext["multiplyAdd"],
  x: Vector,
  coefficients: readonly number[],
): Local<"v128"> {
  const sum = f.let("polynomial", splat(coefficients.at(-1)!));
  for (const coefficient of coefficients.slice(0, -1).reverse()) {
    sum.set(multiplyAdd(sum, x, splat(coefficient)));
  }
  return sum;
}

/** Four times the same f32. */
export function splat(value: number): Vector {
  return v128.const("f32x4", value);
}
