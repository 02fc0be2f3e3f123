import { type FunctionBuilder, f32x4 } from "../../assembler/index.ts";
import type { KernelContext, Vector } from "../context.ts";
import { exp, polynomial, splat } from "./exp.ts";

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
export function gelu(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  const { multiplyAdd } = context;
  const t = f.let("gelu_t", f32x4.pmin(f32x4.abs(x), splat(VANISHES)));
  const s = f.let("gelu_s", f32x4.div(splat(1), multiplyAdd(t, splat(STRETCH), splat(1))));
  const sum = polynomial(f, multiplyAdd, s, COEFFICIENTS);
  sum.set(f32x4.mul(f32x4.mul(sum, s), t));
  const density = exp(context, f, f32x4.mul(f32x4.mul(t, splat(-0.5)), t));
  return f32x4.sub(f32x4.pmax(x, splat(0)), f32x4.mul(sum, density));
}
