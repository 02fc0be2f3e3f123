import { f32x4, i32x4 } from "../../assembler/index.ts";
import type { VectorGroup, Vectors } from "./group.ts";

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
export function exp(group: VectorGroup, x: Vectors): Vectors {
  // In this order of operands NaN passes through.
  const clamped = group.apply(f32x4.pmax, group.apply(f32x4.pmin, x, group.f32(GREATEST)), group.f32(LEAST));

  // x = n · ln 2 + r
  const rounder = group.f32(ROUNDER);
  const rounded = group.multiplyAdd(clamped, group.f32(Math.LOG2E), rounder);
  const n = group.apply(f32x4.sub, rounded, rounder);
  let r = group.multiplyAdd(n, group.f32(-LN2_HIGH), clamped);
  r = group.multiplyAdd(n, group.f32(-LN2_LOW), r);

  let power = group.polynomial(r, COEFFICIENTS);
  power = group.multiplyAdd(power, group.apply(f32x4.mul, r, r), r);
  power = group.apply(f32x4.add, power, group.f32(1));

  // · 2ⁿ in two steps: 2ⁿ alone may lie outside of f32 where the result does not.
  const bias = group.i32(127);
  const exponent = group.apply(i32x4.sub, rounded, group.i32(ROUNDER_BITS));
  const half = group.apply((each) => i32x4.shr_s(each, 1), exponent);
  for (const part of [half, group.apply(i32x4.sub, exponent, half)]) {
    power = group.apply(
      (each, partOf, biasOf) => f32x4.mul(each, i32x4.shl(i32x4.add(partOf, biasOf), 23)),
      power,
      part,
      bias,
    );
  }
  return power;
}
