import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type BuiltModule,
  type Expression,
  f32,
  f32x4,
  i32,
  ModuleBuilder,
  v128,
} from "../../src/wasm-assembler/index.ts";
import { instantiate } from "./support.ts";

/** The sum of the four lanes, pairwise. The vector is consumed four times: give a local. */
function sumOfLanes(x: Expression<"v128">): Expression<"f32"> {
  const lane = (index: number) => f32x4.extract_lane(x, index);
  return f32.add(f32.add(lane(0), lane(2)), f32.add(lane(1), lane(3)));
}

function vectorKernels(): BuiltModule {
  const module = new ModuleBuilder("vectors");
  module.importMemory("env", "memory", { initial: 1 });

  // Σ x[i] · y[i]; x, y: addresses of f32[count].
  const dot = module.function(
    "dot",
    { parameters: { x: "i32", y: "i32", count: "i32" }, results: ["f32"] },
    (f, { x, y, count }) => {
      const unroll = 4;
      const i = f.local("i32", "i");
      const sums = f.locals("v128", "sum", unroll);
      f.for(i, { from: 0, below: i32.and(count, -4 * unroll), step: 4 * unroll }, () => {
        for (const [k, sum] of sums.entries()) {
          sum.set(f32x4.add(sum, f32x4.mul(v128.load(x, 16 * k), v128.load(y, 16 * k))));
        }
        f.increment(x, 16 * unroll);
        f.increment(y, 16 * unroll);
      });
      const [a, b, c, d] = sums;
      a!.set(f32x4.add(f32x4.add(a!, b!), f32x4.add(c!, d!)));

      const total = f.let("total", sumOfLanes(a!));
      f.for(i, { below: count }, () => {
        total.set(f32.add(total, f32.mul(f32.load(x), f32.load(y))));
        f.increment(x, 4);
        f.increment(y, 4);
      });
      f.push(total);
    },
  );
  module.export("dot", dot);

  // y[i] += scale · x[i]
  const axpy = module.function(
    "axpy",
    { parameters: { scale: "f32", x: "i32", y: "i32", count: "i32" }, results: [] },
    (f, { scale, x, y, count }) => {
      const scales = f.let("scales", f32x4.splat(scale));
      const end = f.let("end", i32.add(y, i32.shl(count, 2)));
      const wholeEnd = f.let("wholeEnd", i32.add(y, i32.shl(i32.and(count, -4), 2)));
      f.for(y, { below: wholeEnd, step: 16 }, () => {
        f.v128.store(y, f32x4.add(v128.load(y), f32x4.mul(scales, v128.load(x))));
        f.increment(x, 16);
      });
      f.for(y, { below: end, step: 4 }, () => {
        f.f32.store(y, f32.add(f32.load(y), f32.mul(scale, f32.load(x))));
        f.increment(x, 4);
      });
    },
  );
  module.export("axpy", axpy);
  return module.build();
}

interface VectorKernels extends WebAssembly.Exports {
  readonly dot: (x: number, y: number, count: number) => number;
  readonly axpy: (scale: number, x: number, y: number, count: number) => undefined;
}

function load(): { readonly kernels: VectorKernels; readonly floats: Float32Array } {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = instantiate(vectorKernels().bytes, { env: { memory } });
  return { kernels: exports as VectorKernels, floats: new Float32Array(memory.buffer) };
}

const counts = [0, 1, 3, 4, 5, 15, 16, 17, 31, 64, 100];

test("a dot product in four vectors with a remainder is exact on small integers", () => {
  const { kernels, floats } = load();
  for (const count of counts) {
    floats.fill(Number.NaN); // whatever lies around x and y must not be read
    let expected = 0;
    for (let i = 0; i < count; i++) {
      floats[4 + i] = i - 7;
      floats[1001 + i] = 3 - i;
      expected += (i - 7) * (3 - i);
    }
    assert.equal(kernels.dot(16, 4004, count), expected, `count ${count}`);
  }
});

test("axpy writes its own elements and no other", () => {
  const { kernels, floats } = load();
  for (const count of counts) {
    floats.fill(Number.NaN);
    for (let i = 0; i < count; i++) {
      floats[10 + i] = i;
      floats[2000 + i] = 100 * i;
    }
    kernels.axpy(0.5, 40, 8000, count);
    const expected = [Number.NaN, ...Array.from({ length: count }, (_, i) => 100.5 * i), Number.NaN];
    assert.deepEqual([...floats.subarray(1999, 2001 + count)], expected, `count ${count}`);
  }
});

test("the kernels need SIMD and nothing else", () => {
  assert.deepEqual(vectorKernels().requiredFeatures, ["simd"]);
});
