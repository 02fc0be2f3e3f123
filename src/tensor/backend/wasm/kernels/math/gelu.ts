import { f32x4 } from "../../../../../wasm-assembler/index.ts";
import { expOfNonPositive } from "./exp.ts";
import type { VectorGroup, Vectors } from "./group.ts";

/** From here on x · Φ(−x) is 0 in f32. */
const VANISHES = 16;

/**
 * Φ(−t) · e^(t²/2) for t ≥ 0, Φ being the normal distribution, is s · Σ coefficients[i] · sⁱ with
 * s = 1 / (1 + 0.39 t), the form of Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. Fitted by
 * iterated weighted least squares: both Φ(−t) and t · Φ(−t) are within 1.6e-8.
 */
const STRETCH = 0.39;
const COEFFICIENTS = [
  0.1514739692211151, 0.19410252571105957, -0.015702057629823685, 0.37388846278190613, -0.25738048553466797,
  0.053617559373378754,
];

/**
 * x · Φ(x) = max(x, 0) − |x| · Φ(−|x|). The subtrahend is small (at most 0.17) and has no cancellation of its own,
 * so the result is better than by 1 + erf, which for negative x is the difference of two numbers near 1.
 */
export function gelu(group: VectorGroup, x: Vectors): Vectors {
  const t = group.apply(
    f32x4.pmin,
    group.apply((each) => f32x4.abs(each), x),
    group.f32(VANISHES),
  );
  const one = group.f32(1);
  const s = group.apply(f32x4.div, one, group.multiplyAdd(t, group.f32(STRETCH), one));
  const product = group.apply(
    (sum, sOf, tOf) => f32x4.mul(f32x4.mul(sum, sOf), tOf),
    group.polynomial(s, COEFFICIENTS),
    s,
    t,
  );
  const exponent = group.apply((tOf, factor) => f32x4.mul(f32x4.mul(tOf, factor), tOf), t, group.f32(-0.5));
  return group.apply(
    (each, zero, part, density) => f32x4.sub(f32x4.pmax(each, zero), f32x4.mul(part, density)),
    x,
    group.f32(0),
    product,
    expOfNonPositive(group, exponent),
  );
}
