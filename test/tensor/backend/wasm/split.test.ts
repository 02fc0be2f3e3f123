/** How calls are divided over threads: it follows from a kernel's declaration, element sizes included. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parametersOf } from "../../../../src/tensor/backend/wasm/kernels/kernel.ts";
import { WASM_KERNELS } from "../../../../src/tensor/backend/wasm/kernels/kernels.ts";
import { CALL } from "../../../../src/tensor/backend/wasm/threads/commands.ts";
import type {
  WorkerJob,
  WorkerReply,
  WorkerStart,
} from "../../../../src/tensor/backend/wasm/threads/kernel-worker.ts";
import { spawnThread } from "../../../../src/tensor/backend/wasm/threads/spawn.ts";
import { splitOf } from "../../../../src/tensor/backend/wasm/threads/split.ts";
import type { Thread } from "../../../../src/tensor/backend/wasm/threads/thread.ts";
import type { KernelDeclaration } from "../../../../src/tensor/kernel.ts";
import { KERNEL_NAMES, KERNELS } from "../../../../src/tensor/kernel-table.ts";
import { f32x4, i32, i32x4, ModuleBuilder, v128 } from "../../../../src/wasm-assembler/index.ts";

/** out[n] = Σ over i of x[i] · weight[n, i] + bias[n], with weights of one byte each. */
const TOY: KernelDeclaration = {
  operands: [
    { name: "out", kind: "storage", shape: ["outFeatures"] },
    { name: "x", kind: "storage", shape: ["inFeatures"] },
    { name: "weight", kind: "matrix", shape: ["outFeatures", "inFeatures"], elementBytes: 1 },
    { name: "bias", kind: "vector", shape: ["outFeatures"], optional: true },
  ],
  dims: { inFeatures: "integer", outFeatures: "integer" },
  inOrder: ({ out, x, weight, bias }, { inFeatures, outFeatures }) => [
    ...[out, x, weight, bias],
    ...[inFeatures, outFeatures],
  ],
  split: { dim: "outFeatures", unit: 1 },
};

const TOY_PARAMETERS = {
  out: "i32",
  x: "i32",
  weight: "i32",
  bias: "i32",
  inFeatures: "i32",
  outFeatures: "i32",
} as const;
const NAMES = Object.keys(TOY_PARAMETERS);

const [IN, OUT] = [5, 37];

function toyModule(): WebAssembly.Module {
  const module = new ModuleBuilder("toy");
  module.importMemory("sentensor", "memory", { initial: 1, maximum: 1, shared: true });
  const toy = module.function("toy", { parameters: TOY_PARAMETERS, results: [] }, (f, p) => {
    const row = f.local("i32", "row");
    const i = f.local("i32", "i");
    const x = f.local("i32", "x_at");
    const sum = f.local("v128", "sum");
    f.for(row, { from: 0, below: p.outFeatures }, () => {
      sum.set(v128.const("f32x4", 0));
      f.if(p.bias, () => sum.set(v128.load32_splat(i32.add(p.bias, i32.shl(row, 2)))));
      x.set(p.x);
      f.for(i, { from: 0, below: p.inFeatures }, () => {
        const weight = f32x4.convert_i32x4_s(i32x4.splat(i32.load8_s(p.weight)));
        sum.set(f32x4.add(sum, f32x4.mul(v128.load32_splat(x), weight)));
        f.increment(x, 4);
        f.increment(p.weight, 1);
      });
      f.v128.store32_lane(i32.add(p.out, i32.shl(row, 2)), sum, 0);
    });
  });
  module.export("toy", toy);
  return new WebAssembly.Module(module.build().bytes);
}

test("a function takes operands and dims in the order of the declaration", () => {
  assert.deepEqual(parametersOf(TOY), TOY_PARAMETERS);
  assert.deepEqual(Object.keys(parametersOf(TOY)), NAMES);
});

/** What so many threads make of one call, which they divide as the declaration says. */
async function run(declaration: KernelDeclaration, threads: number, hasBias: boolean): Promise<Float32Array> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const [barrier, x, bias, out, weight] = [64, 128, 256, 512, 1024];
  new Float32Array(memory.buffer, x, IN).set(Array.from({ length: IN }, (_, i) => 1 + i / 7));
  new Float32Array(memory.buffer, bias, OUT).set(Array.from({ length: OUT }, (_, n) => n / 3));
  new Float32Array(memory.buffer, out, OUT).fill(Number.NaN);
  new Int8Array(memory.buffer, weight, OUT * IN).set(
    Array.from({ length: OUT * IN }, (_, i) => ((i * 37) % 255) - 127),
  );

  const args: Record<string, number> = {
    ...{ out, x, weight, bias: hasBias ? bias : 0 },
    ...{ inFeatures: IN, outFeatures: OUT },
  };
  const numbers = Float64Array.of(CALL, 0, NAMES.length, ...NAMES.map((name) => args[name]!));
  const start: WorkerStart = {
    module: toyModule(),
    memory,
    kernels: [{ name: "toy", split: splitOf(declaration, NAMES, 16) }],
  };
  const replies = Array.from({ length: threads }, async (_, index) => {
    const job: WorkerJob = {
      ...{
        id: 1,
        memoryBytes: memory.buffer.byteLength,
        extension: null,
        numbers,
        payload: new Uint8Array(0),
      },
      ...{ workspace: 0, scratch: 0, share: { index, count: threads }, barrier },
    };
    let thread: Thread | undefined;
    await new Promise<void>((resolve, reject) => {
      const onMessage = (message: unknown): void => {
        const reply = message as WorkerReply;
        if ("ready" in reply) thread!.post(job);
        else if ("error" in reply) reject(new Error(reply.error));
        else resolve();
      };
      spawnThread({ onMessage, onEnd: (reason) => reject(new Error(reason)) }).then((spawned) => {
        thread = spawned;
        spawned.hold(true);
        spawned.post(start);
      }, reject);
    });
    await thread!.terminate();
  });
  await Promise.all(replies);
  return Float32Array.from(new Float32Array(memory.buffer, out, OUT));
}

test("weights of one byte are divided where they are: two and three threads give the bits of one", async () => {
  for (const hasBias of [false, true]) {
    const whole = await run(TOY, 1, hasBias);
    assert.ok(
      whole.every((value) => Number.isFinite(value) && value !== 0),
      "the kernel writes all",
    );
    for (const threads of [2, 3]) assert.deepEqual(await run(TOY, threads, hasBias), whole);
  }
});

test("the same kernel, declared with weights of four bytes, would read the wrong ones in its second part", async () => {
  const operands = TOY.operands.map((operand) =>
    operand.name === "weight" ? { ...operand, elementBytes: 4 } : operand,
  );
  const whole = await run(TOY, 1, true);
  const wrong = await run({ ...TOY, operands }, 2, true);
  const half = Math.floor(OUT / 2);
  assert.deepEqual(wrong.slice(0, half), whole.slice(0, half), "the first part begins at the same place");
  assert.notDeepEqual(wrong.slice(half), whole.slice(half));
});

test("an operand moves on by what lies behind the axis that is cut, and only where it has it", () => {
  const split = splitOf(KERNELS.attention, Object.keys(WASM_KERNELS.attention.parameters), 8)!;
  const names = Object.keys(WASM_KERNELS.attention.parameters);
  const moves = split.moves.map(({ argument, bytes, factors }) => [
    names[argument],
    bytes,
    ...factors.map((factor) => [names[factor.argument], factor.times, factor.plus]),
  ]);
  assert.equal(names[split.extent], "heads");
  assert.equal(names[split.first!], "firstHead");
  assert.deepEqual(moves, [
    ...["out", "q"].map((name) => [name, 4, ["headDim", 1, 0]]),
    ["relativeBias", 4, ["span", 2, -1]],
  ]);
});

test("a matrix is cut at panels, whatever their width", () => {
  for (const panel of [8, 16]) {
    assert.equal(splitOf(KERNELS.linear, Object.keys(WASM_KERNELS.linear.parameters), panel)!.unit, panel);
  }
});

test("every declaration says how its function can be divided", () => {
  for (const name of KERNEL_NAMES) {
    const declaration: KernelDeclaration = KERNELS[name];
    const split = splitOf(declaration, Object.keys(WASM_KERNELS[name].parameters), 8);
    assert.equal(split === null, declaration.split === null, name);
    if (split === null) continue;
    assert.ok(
      split.moves.some(({ argument }) => argument === 0),
      `${name}: the output has the axis`,
    );
  }
});

test("a split by what the function is not told is rejected", () => {
  assert.throws(() => splitOf(TOY, NAMES.slice(0, -1), 8), RangeError);
});
