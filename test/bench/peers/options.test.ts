import assert from "node:assert/strict";
import test from "node:test";
import { findModel } from "../../../bench/peers/models.ts";
import { parseOptions } from "../../../bench/peers/options.ts";
import { baselineOf } from "../../../bench/peers/report.ts";
import { listSystems } from "../../../bench/peers/systems.ts";

const model = {
  name: "minilm",
  shapeOf: "",
  folder: "folder",
  pooling: "mean",
  bytes: { safetensors: 1, fp32: 1, q8: 1 },
  externalData: false,
} as const;

function systems(...argv: readonly string[]) {
  return listSystems(parseOptions(argv)!, "python");
}

const names = (...argv: readonly string[]) => systems(...argv).map(({ name }) => name);

test("all systems are measured unless some are named", () => {
  assert.deepEqual(names(), [
    "sentensor",
    "transformers.js native fp32",
    "transformers.js native q8",
    "transformers.js wasm fp32",
    "transformers.js wasm q8",
    "Python sentence-transformers",
  ]);
  assert.deepEqual(names("--systems", "sentensor,wasm q8"), ["sentensor", "transformers.js wasm q8"]);
  assert.ok(listSystems(parseOptions([])!, null).every(({ kind }) => kind !== "python"));
});

test("sentensor is told what the command line says, and nothing else", () => {
  const options = (...argv: readonly string[]) =>
    systems(...argv)
      .filter(({ kind }) => kind === "sentensor")
      .map((system) => (system.load(model, 2) as { options: object }).options);
  assert.deepEqual(options(), [{ threads: 2 }]);
  assert.deepEqual(options("--backend", "wasm", "--wide-simd", "--dtype", "float32,int8"), [
    { backend: "wasm", dtype: "float32", threads: 2 },
    { backend: "wasm", dtype: "float32", wideSimd: true, threads: 2 },
    { backend: "wasm", dtype: "int8", threads: 2 },
    { backend: "wasm", dtype: "int8", wideSimd: true, threads: 2 },
  ]);
  assert.deepEqual(
    systems("--dtype", "float32,int8").map(({ quantized }) => quantized),
    [false, true, false, true, false, true, false],
  );
});

test("ratios refer to the first system of sentensor unless another is named", () => {
  const baseline = (...argv: readonly string[]) =>
    baselineOf(
      systems(...argv).map((system) => ({ system })),
      parseOptions(argv)!,
    ).system.name;
  assert.equal(baseline("--wide-simd"), "sentensor");
  assert.equal(baseline("--wide-simd", "--baseline", "sentensor wide SIMD"), "sentensor wide SIMD");
  assert.throws(
    () => baseline("--baseline", "faster"),
    /--baseline: expected one of sentensor, .*got "faster"/,
  );
});

test("what is not understood is refused", () => {
  assert.throws(() => parseOptions(["--runs", "0"]), /--runs: expected a whole number from 1 on, got "0"/);
  assert.throws(() => parseOptions(["--threads", "1,x"]), /--threads: .*got "x"/);
  assert.throws(() => parseOptions(["--only", "minilm,gpt"]), /--only: expected minilm, .*got "gpt"/);
  assert.throws(() => parseOptions(["--fast"]), /--fast/);
});

test("a model that was not built is not found", () => {
  assert.equal(findModel("no-such-folder", "minilm"), null);
});
