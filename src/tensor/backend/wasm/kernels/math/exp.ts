import { f32x4, i32x4 } from "../../../../../wasm-assembler/index.ts";
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
  const { rounded, factor } = reduce(group, clamped, ROUNDER);

  // · 2ⁿ in two steps: 2ⁿ alone may lie outside of f32 where the result does not.
  const bias = group.i32(127);
  const exponent = group.apply(i32x4.sub, rounded, group.i32(ROUNDER_BITS));
  const half = group.apply((each) => i32x4.shr_s(each, 1), exponent);
  let power = factor;
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

/** From here down 2ⁿ is 0 in the bits that `expOfNonPositive` makes. */
const LEAST_NORMAL = -88;

/** As ROUNDER, but what it leaves in the lowest bits is n + 127: the exponent of 2ⁿ as f32 stores it. */
const BIASED_ROUNDER = ROUNDER + 127;

/**
 * e^x for x ≤ 0, within 2 ulp down to e^−87.6; what would be smaller becomes 0, where f32 has denormal numbers left.
 * A quarter fewer operations than `exp`.
 */
export function expOfNonPositive(group: VectorGroup, x: Vectors): Vectors {
  const clamped = group.apply(f32x4.pmax, x, group.f32(LEAST_NORMAL));
  const { rounded, factor } = reduce(group, clamped, BIASED_ROUNDER);
  return group.apply((each, bits) => f32x4.mul(each, i32x4.shl(bits, 23)), factor, rounded);
}

/** x = n · ln 2 + r, and e^x = 2ⁿ · factor; n is what `rounder` was added to. */
function reduce(group: VectorGroup, x: Vectors, rounder: number): { rounded: Vectors; factor: Vectors } {
  const added = group.f32(rounder);
  const rounded = group.multiplyAdd(x, group.f32(Math.LOG2E), added);
  const n = group.apply(f32x4.sub, rounded, added);
  let r = group.multiplyAdd(n, group.f32(-LN2_HIGH), x);
  r = group.multiplyAdd(n, group.f32(-LN2_LOW), r);

  const curve = group.polynomial(r, COEFFICIENTS);
  const above1 = group.multiplyAdd(curve, group.apply(f32x4.mul, r, r), r);
  return { rounded, factor: group.apply(f32x4.add, above1, group.f32(1)) };
}
