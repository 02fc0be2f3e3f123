import type { ActivationName } from "../../../backend.ts";
import { type FunctionBuilder, f32x4, i32, v128, type WasmFunction } from "../assembler/index.ts";
import type { KernelContext, Vector } from "./context.ts";
import { splat } from "./math/exp.ts";
import { gelu } from "./math/gelu.ts";
import { geluTanh, sigmoid, silu } from "./math/sigmoid.ts";
import { tanh } from "./math/tanh.ts";
import { switchOn } from "./switch-on.ts";

type ElementFunction = (context: KernelContext, f: FunctionBuilder, x: Vector) => Vector;

/** In this order kernels number them. */
const FUNCTIONS: Readonly<Record<ActivationName, ElementFunction>> = {
  gelu,
  gelu_tanh: geluTanh,
  relu: (_context, _f, x) => f32x4.pmax(x, splat(0)), // in this order NaN stays NaN
  silu,
  tanh,
  sigmoid,
};

const NAMES = Object.keys(FUNCTIONS) as readonly ActivationName[];

/** The number by which kernels know an activation: 1, 2 …; 0 is none. */
export function activationCode(name: ActivationName | null): number {
  return name === null ? 0 : NAMES.indexOf(name) + 1;
}

const PARAMETERS = { out: "i32", x: "i32", code: "i32", length: "i32" } as const;

export type ActivationFunction = WasmFunction<typeof PARAMETERS, readonly []>;

/** activation(out, x, code, length): `code` is not 0; `out` may be `x`. */
export function defineActivation(context: KernelContext): ActivationFunction {
  const functions = NAMES.map((name) => defineOne(context, name));
  const { module } = context;
  const activation = module.function(
    "activation",
    { parameters: PARAMETERS, results: [] },
    (f, { out, x, code, length }) => {
      switchOn(
        f,
        i32.sub(code, 1),
        functions.map((each) => () => f.call(each, { out, x, length })),
      );
    },
  );
  module.export("activation", activation);
  return activation;
}

function defineOne(context: KernelContext, name: ActivationName) {
  const { module, storeTail } = context;
  return module.function(
    name,
    { parameters: { out: "i32", x: "i32", length: "i32" }, results: [] },
    (f, { out, x, length }) => {
      const apply = () => FUNCTIONS[name](context, f, f.let("value", v128.load(x)));
      const end = f.let("end", i32.add(x, i32.shl(i32.and(length, -4), 2)));
      f.while(i32.lt_u(x, end), () => {
        f.v128.store(out, apply());
        f.increment(x, 16);
        f.increment(out, 16);
      });
      const rest = f.let("rest", i32.and(length, 3));
      f.if(rest, () => f.call(storeTail, { address: out, value: apply(), count: rest }));
    },
  );
}
