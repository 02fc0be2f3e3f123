/**
 * What this engine can do, found out by trying. A module that an engine accepts may still be miscompiled (Node 20
 * with --experimental-wasm-relaxed-simd forgets the addend of a dot product), so a probe also runs, and its answers
 * are compared.
 */
import { f32x4, i32, ModuleBuilder, v128 } from "../../../wasm-assembler/index.ts";
import type { Vector } from "./kernels/vector.ts";

export interface EngineFeatures {
  readonly simd: boolean;
  /** How `f32x4.relaxed_madd` rounds: once or twice; null where there is none, or a wrong one. */
  readonly relaxedMultiplyAdd: "fused" | "unfused" | null;
  /** Whether a memory can be shared between threads. */
  readonly sharedMemory: boolean;
  /** Whether the optimizing compiler is one that keeps many vectors in registers: see `chooseTile`. */
  readonly manyRegisters: boolean;
}

/** @throws where the engine compiles no WebAssembly at all, for want of permission. */
export function probeFeatures(): EngineFeatures {
  const relaxedMultiplyAdd = probe((a, b, c) => f32x4.relaxed_madd(a, b, c));
  return {
    simd: relaxedMultiplyAdd !== null || probe((a, b, c) => f32x4.add(f32x4.mul(a, b), c)) === "unfused",
    relaxedMultiplyAdd,
    sharedMemory: probeSharedMemory(),
    // V8 spilled vectors until it gave up its "sea of nodes" for WebAssembly, after version 12.9 and before 13.6.
    // Atomics.pause came in between (13.3) and shows from within which one this is.
    manyRegisters: relaxedMultiplyAdd === "fused" && "pause" in Atomics,
  };
}

/** a · b + c is exact for the first three lanes; in the last one the product has a bit too many for f32. */
const A = [2, -1.5, 1e20, 1 + 2 ** -12];
const B = [3, 4, 0.5, 1 + 2 ** -12];
const C = [4, 0.25, 0, -(1 + 2 ** -11)];
const EXACT = [10, -5.75, Math.fround(1e20) / 2];
const FUSED = 2 ** -24;
const UNFUSED = 0;

/** How the engine computes a · b + c by these instructions; null where it cannot, or not rightly. */
function probe(multiplyAdd: (a: Vector, b: Vector, c: Vector) => Vector): "fused" | "unfused" | null {
  const module = new ModuleBuilder("probe");
  const memory = module.memory({ initial: 1 });
  const run = module.function("run", { parameters: {}, results: [] }, (f) => {
    f.v128.store(0, multiplyAdd(v128.load(0), v128.load(0, 16), v128.load(0, 32)), 48);
  });
  module.export("memory", memory);
  module.export("run", run);
  const { bytes } = module.build();
  if (!WebAssembly.validate(bytes)) return null;

  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const values = new Float32Array((exports.memory as WebAssembly.Memory).buffer);
  values.set([...A, ...B, ...C]);
  (exports.run as () => void)();
  const [first, second, third, last] = values.subarray(12, 16);
  if (first !== EXACT[0] || second !== EXACT[1] || third !== EXACT[2]) return null;
  return last === FUSED ? "fused" : last === UNFUSED ? "unfused" : null;
}

/** A memory is shared, and atomic instructions work on it. */
function probeSharedMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  const module = new ModuleBuilder("probe");
  module.importMemory("probe", "memory", { initial: 1, maximum: 1, shared: true });
  const add = module.function("add", { parameters: {}, results: ["i32"] }, (f) => {
    f.push(i32.atomic.rmw.add(0, 5));
  });
  module.export("add", add);
  const { bytes } = module.build();
  if (!WebAssembly.validate(bytes)) return false;

  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    if (!(memory.buffer instanceof SharedArrayBuffer)) return false;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { probe: { memory } });
    const run = instance.exports.add as () => number;
    return run() === 0 && run() === 5 && new Int32Array(memory.buffer)[0] === 10;
  } catch {
    return false;
  }
}
