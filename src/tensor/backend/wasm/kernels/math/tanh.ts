import { type FunctionBuilder, f32x4, v128 } from "../../assembler/index.ts";
import type { KernelContext, Vector } from "../context.ts";
import { exp, polynomial, splat } from "./exp.ts";

/** Up to here the polynomial serves; beyond, 1 − 2 / (e^(2|x|) + 1) loses no digits. */
const NEAR = 0.625;

/** (tanh(x) / x − 1) / x² in powers of x² for |x| ≤ 0.625, within 4.4e-9 of tanh (fitted as in `exp`). */
const COEFFICIENTS = [
  -0.3333328068256378, 0.13331441581249237, -0.05373971536755562, 0.02063908614218235, -0.005704985000193119,
];

export function tanh(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  const { multiplyAdd } = context;
  const size = f.let("tanh_size", f32x4.abs(x));

  const square = f.let("tanh_square", f32x4.mul(x, x));
  const near = polynomial(f, multiplyAdd, square, COEFFICIENTS);
  near.set(multiplyAdd(f32x4.mul(near, square), x, x));

  const power = exp(context, f, f32x4.add(size, size));
  const far = f.let("tanh_far", f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(power, splat(1)))));
  far.set(v128.bitselect(x, far, v128.const("i32x4", -0x80000000))); // the sign of x

  return v128.bitselect(near, far, f32x4.lt(size, splat(NEAR)));
}
