import { f32x4 } from "../../../../../wasm-assembler/index.ts";
import { exp } from "./exp.ts";
import type { VectorGroup, Vectors } from "./group.ts";

/** 1 / (1 + e^(−x)) */
export function sigmoid(group: VectorGroup, x: Vectors): Vectors {
  return group.apply(f32x4.div, group.f32(1), onePlusExp(group, negative(group, x)));
}

/** x · sigmoid(x) = x / (1 + e^(−x)) */
export function silu(group: VectorGroup, x: Vectors): Vectors {
  return group.apply(f32x4.div, x, onePlusExp(group, negative(group, x)));
}

const GELU_TANH_LINEAR = -2 * Math.sqrt(2 / Math.PI);
const GELU_TANH_CUBIC = 0.044715 * GELU_TANH_LINEAR;

/** 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), with (1 + tanh u) / 2 = 1 / (1 + e^(−2u)). */
export function geluTanh(group: VectorGroup, x: Vectors): Vectors {
  const square = group.apply(f32x4.mul, x, x);
  const factor = group.polynomial(square, [GELU_TANH_LINEAR, GELU_TANH_CUBIC]);
  return group.apply(f32x4.div, x, onePlusExp(group, group.apply(f32x4.mul, x, factor)));
}

function negative(group: VectorGroup, x: Vectors): Vectors {
  return group.apply((each) => f32x4.neg(each), x);
}

function onePlusExp(group: VectorGroup, x: Vectors): Vectors {
  return group.apply(f32x4.add, exp(group, x), group.f32(1));
}
