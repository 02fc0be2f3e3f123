import { f32x4, i32, type ModuleBuilder, v128, type WasmFunction } from "../../../../wasm-assembler/index.ts";
import { ACTIVATIONS, type ActivationName } from "../../../kernel-table.ts";
import type { KernelContext } from "./context.ts";
import { wasmKernel } from "./kernel.ts";
import { gelu } from "./math/gelu.ts";
import { GROUP_SIZE, VectorGroup, type Vectors } from "./math/group.ts";
import { geluTanh, sigmoid, silu } from "./math/sigmoid.ts";
import { tanh } from "./math/tanh.ts";
import { switchOn } from "./switch-on.ts";

type ElementFunction = (group: VectorGroup, x: Vectors) => Vectors;

const FUNCTIONS: Readonly<Record<ActivationName, ElementFunction>> = {
  gelu,
  gelu_tanh: geluTanh,
  relu: (group, x) => group.apply(f32x4.pmax, x, group.f32(0)), // in this order NaN stays NaN
  silu,
  tanh,
  sigmoid,
};

/** Those of poolers and dense layers, a row a text: too little work to be worth the code of a group. */
const RARE: readonly ActivationName[] = ["tanh", "sigmoid"];

const PARAMETERS = {
  out: "i32", // f32 [length]
  x: "i32", // f32 [length]; may be `out`
  activation: "i32", // its number, not 0
  length: "i32",
} as const;

export type ActivationFunction = WasmFunction<typeof PARAMETERS, readonly []>;

export function defineActivation(context: KernelContext): ActivationFunction {
  const functions = ACTIVATIONS.map((name) => defineOne(context, name));
  const { module } = context;
  return module.function(
    "activate",
    { parameters: PARAMETERS, results: [] },
    (f, { out, x, activation, length }) => {
      switchOn(
        f,
        i32.sub(activation, 1),
        functions.map((each) => () => f.call(each, { out, x, length })),
      );
    },
  );
}

/** The same function as another module exports it: the kernel, which takes what it takes. */
export function importActivation(module: ModuleBuilder): ActivationFunction {
  const signature = { parameters: PARAMETERS, results: [] } as const;
  return module.importFunction("sentensor", "activation", signature);
}

export const activation = wasmKernel("activation", {
  define: ({ shared }) => {
    const activate = shared(defineActivation);
    return (f, p) => f.call(activate, p);
  },
});

function defineOne(context: KernelContext, name: ActivationName) {
  const { module, storeTail } = context;
  const size = RARE.includes(name) ? 1 : GROUP_SIZE;
  return module.function(
    name,
    { parameters: { out: "i32", x: "i32", length: "i32" }, results: [] },
    (f, { out, x, length }) => {
      const group = new VectorGroup(context, f, size);
      f.while(i32.gt_s(length, 0), () => {
        // All of a group is computed, whatever lies behind the end; it is not stored.
        const loaded = Array.from({ length: size }, (_, v) => f.let("x", v128.load(x, 16 * v)));
        const results = FUNCTIONS[name](group, loaded);
        f.if(
          i32.ge_s(length, 4 * size),
          () => {
            for (const [v, result] of results.entries()) f.v128.store(out, result, 16 * v);
          },
          () => {
            for (const result of results) {
              f.if(
                i32.ge_s(length, 4),
                () => f.v128.store(out, result),
                () =>
                  f.if(i32.gt_s(length, 0), () =>
                    f.call(storeTail, { address: out, value: result, count: length }),
                  ),
              );
              f.increment(out, 16);
              length.set(i32.sub(length, 4));
            }
          },
        );
        for (const pointer of [x, out]) f.increment(pointer, 16 * size);
        length.set(i32.sub(length, 4 * size));
      });
    },
  );
}
