import {
  f32x4,
  i8x16,
  i32,
  i32x4,
  type Local,
  v128,
  type WasmFunction,
} from "../../../../wasm-assembler/index.ts";
import type { KernelContext } from "./context.ts";
import { expOfNonPositive } from "./math/exp.ts";
import { GROUP_SIZE, VectorGroup } from "./math/group.ts";
import type { Vector } from "./vector.ts";

const PARAMETERS = {
  scores: "i32", // f32 [length], with room up to a multiple of 4
  length: "i32",
  scale: "f32",
  bias: "i32", // f32 [length], or 0
} as const;

export type SoftmaxRowFunction = WasmFunction<typeof PARAMETERS, readonly ["f32"]>;

/**
 * scores = e^(scores · scale + bias − max), and their sum, by which the weights are still to be divided. The maximum
 * is subtracted so that no exponential overflows. What lies behind the row up to a multiple of 4 becomes 0.
 */
export function defineSoftmaxRow(context: KernelContext): SoftmaxRowFunction {
  const { module, constants, multiplyAdd } = context;
  return module.function("softmax-row", { parameters: PARAMETERS, results: ["f32"] }, (f, p) => {
    const scale = f.let("scales", f32x4.splat(p.scale));
    const start = f.let("start", p.scores);
    const end = f.let("end", i32.add(start, i32.shl(i32.and(p.length, -4), 2)));
    const rest = f.let("rest", i32.and(p.length, 3));
    const inside = f.let("inside", i32x4.lt_s(v128.const("i32x4", 0, 1, 2, 3), i32x4.splat(rest)));
    const value = f.local("v128", "value");
    const max = f.let("max", constants.f32(Number.NEGATIVE_INFINITY));

    const scaleRow = (scaled: Vector): void => {
      const finish = (): void => {
        f.v128.store(p.scores, value);
        // In this order a NaN is left out; it stays in the row, and its exponential spoils the sum.
        max.set(f32x4.pmax(max, value));
      };
      f.while(i32.lt_u(p.scores, end), () => {
        value.set(scaled);
        finish();
        f.increment(p.scores, 16);
        f.increment(p.bias, 16);
      });
      f.if(rest, () => {
        value.set(v128.bitselect(scaled, constants.f32(Number.NEGATIVE_INFINITY), inside));
        finish();
      });
    };
    f.if(
      p.bias,
      () => scaleRow(multiplyAdd(v128.load(p.scores), scale, v128.load(p.bias))),
      () => scaleRow(f32x4.mul(v128.load(p.scores), scale)),
    );
    combineLanes(max, f32x4.pmax);

    const sum = f.let("sum", constants.f32(0));
    const exponentiate = (vectors: number): void => {
      const group = new VectorGroup(context, f, vectors);
      const differences = Array.from({ length: vectors }, (_, v) =>
        f.let("difference", f32x4.sub(v128.load(p.scores, 16 * v), max)),
      );
      for (const [v, weight] of expOfNonPositive(group, differences).entries()) {
        f.v128.store(p.scores, weight, 16 * v);
        sum.set(f32x4.add(sum, weight));
      }
      f.increment(p.scores, 16 * vectors);
    };
    const groupEnd = f.let("group_end", i32.add(start, i32.shl(i32.and(p.length, -4 * GROUP_SIZE), 2)));
    p.scores.set(start);
    f.while(i32.lt_u(p.scores, groupEnd), () => exponentiate(GROUP_SIZE));
    end.set(i32.add(start, i32.shl(p.length, 2)));
    f.while(i32.lt_u(p.scores, end), () => exponentiate(1));
    combineLanes(sum, f32x4.add);
    f.push(f32x4.extract_lane(sum, 0));
  });
}

const SWAP_HALVES = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const SWAP_PAIRS = [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11];

/** Combines the four lanes, so that each of them holds the result. */
function combineLanes(value: Local<"v128">, combine: (a: Vector, b: Vector) => Vector): void {
  for (const order of [SWAP_HALVES, SWAP_PAIRS]) {
    value.set(combine(value, i8x16.shuffle(value, value, order)));
  }
}
