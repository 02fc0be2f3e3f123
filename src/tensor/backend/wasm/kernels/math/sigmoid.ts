import { type FunctionBuilder, f32x4 } from "../../assembler/index.ts";
import type { KernelContext, Vector } from "../context.ts";
import { exp, splat } from "./exp.ts";

/** 1 / (1 + e^(−x)) */
export function sigmoid(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  return f32x4.div(splat(1), onePlusExp(context, f, f32x4.neg(x)));
}

/** x · sigmoid(x) = x / (1 + e^(−x)) */
export function silu(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  return f32x4.div(x, onePlusExp(context, f, f32x4.neg(x)));
}

const GELU_TANH_LINEAR = -2 * Math.sqrt(2 / Math.PI);
const GELU_TANH_CUBIC = 0.044715 * GELU_TANH_LINEAR;

/** 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), with (1 + tanh u) / 2 = 1 / (1 + e^(−2u)). */
export function geluTanh(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  const { multiplyAdd } = context;
  const factor = multiplyAdd(f32x4.mul(x, x), splat(GELU_TANH_CUBIC), splat(GELU_TANH_LINEAR));
  return f32x4.div(x, onePlusExp(context, f, f32x4.mul(x, factor)));
}

function onePlusExp(context: KernelContext, f: FunctionBuilder, x: Vector): Vector {
  return f32x4.add(exp(context, f, x), splat(1));
}
