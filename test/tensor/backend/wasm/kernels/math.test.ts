/** The formulas of the kernels, over all of f32's exponents, with each arithmetic that this runtime has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { activate } from "../../../../../src/tensor/backend/js/reference/activation.ts";
import { probeFeatures } from "../../../../../src/tensor/backend/wasm/features.ts";
import { createContext } from "../../../../../src/tensor/backend/wasm/kernels/context.ts";
import { exp, expOfNonPositive } from "../../../../../src/tensor/backend/wasm/kernels/math/exp.ts";
import { gelu } from "../../../../../src/tensor/backend/wasm/kernels/math/gelu.ts";
import { VectorGroup, type Vectors } from "../../../../../src/tensor/backend/wasm/kernels/math/group.ts";
import { chooseTile } from "../../../../../src/tensor/backend/wasm/tiles.ts";
import { i32, ModuleBuilder, v128 } from "../../../../../src/wasm-assembler/index.ts";

const features = probeFeatures();
const arithmetics = [false, true].filter((relaxed) => !relaxed || features.relaxedMultiplyAdd !== null);

/** The formula as a function of arrays; their length is a multiple of 4. */
function compile(formula: (group: VectorGroup, x: Vectors) => Vectors, relaxed: boolean) {
  const module = new ModuleBuilder("math");
  const memory = module.memory({ initial: 64 });
  const context = createContext(module, { tile: chooseTile(features), relaxed, constants: 64 });
  const run = module.function(
    "run",
    { parameters: { x: "i32", end: "i32" }, results: [] },
    (f, { x, end }) => {
      f.doWhile(
        () => {
          const [result] = formula(new VectorGroup(context, f, 1), [f.let("value", v128.load(x))]);
          f.v128.store(x, result!);
          f.increment(x, 16);
        },
        i32.lt_u(x, end),
      );
    },
  );
  context.constants.write(module);
  module.export("memory", memory);
  module.export("run", run);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build().bytes));
  const start = 65536;
  return (values: Float32Array): Float32Array => {
    const floats = new Float32Array((exports.memory as WebAssembly.Memory).buffer, start, values.length);
    floats.set(values);
    (exports.run as (x: number, end: number) => void)(start, start + values.byteLength);
    return floats.slice();
  };
}

/** The distance of f32 from its next at this size; that of denormals below the least normal one. */
function ulp(value: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 23);
}

/** Values of either sign at all exponents, denormals included, and finely from −105 to 90. */
function sweep(): Float32Array {
  const values: number[] = [];
  for (let exponent = -149; exponent <= 127; exponent++) {
    for (const mantissa of [1, 1.1875, 1.5, 1.999])
      values.push(mantissa * 2 ** exponent, -mantissa * 2 ** exponent);
  }
  for (let x = -105; x < 90; x += 1 / 997) values.push(x);
  while (values.length % 4 !== 0) values.push(0);
  return Float32Array.from(values);
}

for (const relaxed of arithmetics) {
  const by = relaxed ? `relaxed SIMD (${features.relaxedMultiplyAdd})` : "SIMD";

  test(`${by}: exp within 2 ulp, from where it vanishes to where it overflows`, (t) => {
    const run = compile(exp, relaxed);
    const x = sweep();
    const actual = run(x);
    let worst = 0;
    for (const [i, value] of x.entries()) {
      const expected = Math.exp(value);
      if (expected > 3.4028235e38) {
        assert.ok(actual[i]! > 3.4e38, `exp(${value}) = ${actual[i]}`);
        continue;
      }
      const distance = Math.abs(actual[i]! - expected) / ulp(expected);
      worst = Math.max(worst, distance);
      assert.ok(distance <= 2, `exp(${value}) = ${actual[i]}, expected ${expected}: ${distance} ulp`);
    }
    t.diagnostic(`at most ${worst.toFixed(2)} ulp`);
    const special = run(Float32Array.of(0, -0, Infinity, -Infinity, NaN, 88.72, 88.73, -87.4));
    assert.deepEqual([...special.subarray(0, 5)], [1, 1, Infinity, 0, NaN]);
    assert.ok(Math.abs(special[5]! / Math.exp(Math.fround(88.72)) - 1) < 2e-7 && special[6] === Infinity);
    assert.ok(special[7]! > 0, "a denormal result is kept");
  });

  test(`${by}: exp for x ≤ 0 within 2 ulp, and where f32 has denormal numbers alone between 0 and the least other`, (t) => {
    const run = compile(expOfNonPositive, relaxed);
    const x = sweep().map((value) => Math.min(value, 0));
    const actual = run(x);
    const leastNormal = 2 ** -126;
    let worst = 0;
    for (const [i, value] of x.entries()) {
      const expected = Math.exp(value);
      if (expected < leastNormal) {
        assert.ok(actual[i]! >= 0 && actual[i]! <= leastNormal, `exp(${value}) = ${actual[i]}`);
        continue;
      }
      const distance = Math.abs(actual[i]! - expected) / ulp(expected);
      worst = Math.max(worst, distance);
      assert.ok(distance <= 2, `exp(${value}) = ${actual[i]}, expected ${expected}: ${distance} ulp`);
    }
    t.diagnostic(`at most ${worst.toFixed(2)} ulp`);
    const special = run(Float32Array.of(0, -0, -Infinity, NaN));
    assert.deepEqual([...special], [1, 1, 0, NaN]);
  });

  test(`${by}: gelu (erf) within 1e-7, apart from the rounding of the result to f32`, (t) => {
    const run = compile(gelu, relaxed);
    const x = sweep();
    const actual = run(x);
    let worst = 0;
    for (const [i, value] of x.entries()) {
      const expected = activate("gelu", value);
      const error = Math.abs(actual[i]! - expected) - ulp(expected) / 2;
      worst = Math.max(worst, error);
      assert.ok(error <= 1e-7, `gelu(${value}) = ${actual[i]}, expected ${expected}`);
    }
    t.diagnostic(`at most ${worst.toExponential(1)}`);
    const special = run(Float32Array.of(0, -0, Infinity, NaN));
    assert.deepEqual([...special], [0, special[1], Infinity, NaN]);
    assert.equal(Math.abs(special[1]!), 0);
  });
}
