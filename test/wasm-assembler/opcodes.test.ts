import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as assembler from "../../src/wasm-assembler/index.ts";
import {
  type DataSegment,
  type FunctionBuilder,
  type InstructionName,
  instructions,
  ModuleBuilder,
  type ValueType,
} from "../../src/wasm-assembler/index.ts";
import type { FixedInstructionName, Instruction } from "../../src/wasm-assembler/opcodes/instructions.ts";
import { immediates } from "./fixtures/opcodes/immediates.ts";
import { annotated, hex, section } from "./support.ts";

const oracle = new Map(
  readFileSync(new URL("fixtures/opcodes/instructions.tsv", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => {
      const [text, bytes] = line.split("\t") as [string, string];
      return [text.split(" ")[0]!, bytes] as const;
    }),
);
const fixed = Object.values(instructions).filter(({ contextual }) => !contextual);

/** A module around one function that applies the instruction to its parameters. */
function minimalModule(
  instruction: Instruction,
  write: (f: FunctionBuilder, operands: readonly assembler.Local[], segment: DataSegment) => void,
): assembler.BuiltModule {
  const module = new ModuleBuilder("minimal");
  // Atomic accesses are valid on any memory, but only a shared one makes them useful.
  module.memory({ initial: 1, maximum: 1, shared: instruction.feature === "threads" });
  const segment = instruction.immediate.startsWith("data")
    ? module.passiveData(Uint8Array.of(1))
    : ({} as DataSegment);
  const parameters: Record<string, ValueType> = {};
  for (const [index, type] of instruction.operands.entries()) parameters[`p${index}`] = type;
  module.function("f", { parameters, results: instruction.results }, (f, locals) => {
    write(f, Object.values(locals), segment);
  });
  return module.build({ names: false });
}

function argumentsFor({ immediate }: Instruction, segment: DataSegment): readonly unknown[] {
  return immediate.startsWith("data") ? [segment] : immediates[immediate]!.args;
}

function onTheStack(instruction: Instruction): assembler.BuiltModule {
  return minimalModule(instruction, (f, operands, segment) => {
    for (const operand of operands) f.push(operand);
    f.op(instruction.name as FixedInstructionName, ...(argumentsFor(instruction, segment) as []));
  });
}

/** The code between the operands' `local.get`s and `end`. */
function instructionBytes({ bytes }: assembler.BuiltModule, { operands }: Instruction): string {
  const code = section(bytes, 10); // one body; body size; no locals
  return hex(code.subarray(3 + 2 * operands.length, -1));
}

test("the tables hold every instruction of the specification once, but for references and tables", () => {
  const count = (test: (name: string, instruction: Instruction) => boolean) =>
    Object.values(instructions).filter((instruction) => test(instruction.name, instruction)).length;
  assert.equal(
    count((_, { feature }) => feature === "simd"),
    236,
  );
  assert.equal(
    count((_, { feature }) => feature === "relaxed-simd"),
    20,
  );
  assert.equal(
    count((_, { feature }) => feature === "threads"),
    67,
  );
  assert.equal(
    count((_, { prefix, code }) => prefix === 0 && code >= 0x41 && code <= 0xc4),
    132,
  );
  assert.equal(
    count((_, { prefix, code }) => prefix === 0 && code >= 0x28 && code <= 0x40),
    25,
  );
  assert.equal(
    count((_, { prefix }) => prefix === 0xfc),
    12,
  );
  const codes = new Set(Object.values(instructions).map(({ prefix, code }) => `${prefix} ${code}`));
  assert.equal(codes.size, Object.keys(instructions).length);
});

test("every instruction has the bytes that wabt 1.0.39 gives it", () => {
  assert.deepEqual(
    [...oracle.keys()],
    fixed.map(({ name }) => name),
    "regenerate with fixtures/opcodes/generate.mjs",
  );
  for (const instruction of fixed) {
    const bytes = instructionBytes(onTheStack(instruction), instruction);
    assert.equal(bytes, oracle.get(instruction.name), instruction.name);
  }
});

test("a method call or an expression gives the same bytes as the plain instruction", () => {
  type Call = (...args: readonly unknown[]) => assembler.Expression;
  type Tree = { readonly [part: string]: Tree } & Call;
  const at = (root: object, path: string) =>
    path.split(".").reduce((tree, part) => tree[part]!, root as Tree);
  for (const instruction of fixed.filter(({ name }) => name !== "nop")) {
    const called = minimalModule(instruction, (f, operands, segment) => {
      const args =
        instruction.immediate === "v128" ? ["i32x4", 1, 2, 3, -1] : argumentsFor(instruction, segment);
      if (instruction.results.length === 0) at(f, instruction.name)(...operands, ...args);
      else f.push(at(assembler, instruction.name)(...operands, ...args));
    });
    assert.equal(hex(called.bytes), hex(onTheStack(instruction).bytes), instruction.name);
  }
});

// The bytes are spelled out, so that a mistake in our encoding cannot pass for a missing feature.
const runtimeHasRelaxedSimd = WebAssembly.validate(
  Buffer.from(
    annotated(`
      00 61 73 6d 01 00 00 00
      01 08 01 60 03 7b 7b 7b 01 7b       ;; type (v128, v128, v128) -> v128
      03 02 01 00
      0a 0d 01 0b 00 20 00 20 01 20 02
      fd 85 02                            ;; f32x4.relaxed_madd
      0b
    `),
    "hex",
  ),
);

function validateAll(relaxed: boolean): void {
  const chosen = Object.values(instructions).filter(
    ({ contextual, feature }) => !contextual && (feature === "relaxed-simd") === relaxed,
  );
  assert.ok(chosen.length > 0);
  for (const instruction of chosen) {
    const { bytes, requiredFeatures } = onTheStack(instruction);
    assert.ok(WebAssembly.validate(bytes), `${instruction.name}: ${hex(bytes)}`);
    if (instruction.feature !== undefined) {
      assert.ok(requiredFeatures.includes(instruction.feature), instruction.name);
    }
  }
}

test("the engine accepts every instruction with the operands and results of its table", () =>
  validateAll(false));

test(
  "the engine accepts every relaxed SIMD instruction",
  {
    skip: runtimeHasRelaxedSimd
      ? false
      : "this runtime has no relaxed SIMD; the bytes are checked all the same",
  },
  () => validateAll(true),
);

test("lanes and alignments reach as far as the engine allows, and no farther", () => {
  for (const instruction of fixed) {
    const { name, immediate, extent } = instruction;
    const attempt = (...args: readonly unknown[]) =>
      minimalModule(instruction, (f, operands) => {
        for (const operand of operands) f.push(operand);
        f.op(name as FixedInstructionName, ...(args as []));
      }).bytes;
    if (immediate === "memarg") {
      assert.ok(WebAssembly.validate(attempt({ offset: 2 ** 32 - 1, align: extent })), name);
      assert.throws(() => attempt({ align: 2 * extent }), /alignment: expected/, name);
      assert.throws(() => attempt({ align: 3 }), /alignment: expected/, name);
      assert.throws(() => attempt({ align: 0 }), /alignment: expected/, name);
      assert.throws(() => attempt(-1), /offset: expected/, name);
      assert.throws(() => attempt(2 ** 32), /offset: expected/, name);
      if (instruction.feature === "threads") {
        if (extent > 1) assert.throws(() => attempt({ align: 1 }), /as an atomic access must/, name);
      } else {
        assert.ok(WebAssembly.validate(attempt({ align: 1 })), name);
      }
    } else if (immediate === "lane" || immediate === "memarg lane") {
      const lanes = immediate === "lane" ? extent : 16 / extent;
      assert.ok(WebAssembly.validate(attempt(lanes - 1)), name);
      for (const lane of [lanes, -1, 0.5, undefined]) {
        assert.throws(() => attempt(lane), /lane: expected/, `${name} ${lane}`);
      }
    } else if (immediate === "lanes16") {
      assert.ok(WebAssembly.validate(attempt(Array(16).fill(31))), name);
      assert.throws(() => attempt(Array(16).fill(32)), /lane: expected/);
      assert.throws(() => attempt(Array(15).fill(0)), /expected 16 lane numbers, found 15 elements/);
    }
  }
});

test("a misspelled instruction is a compile error", () => {
  const right: InstructionName = "f32x4.mul";
  // @ts-expect-error no such instruction
  const wrong: InstructionName = "f32x4.mull";
  assert.deepEqual([right in instructions, wrong in instructions], [true, false]);
  new ModuleBuilder("types").function(
    "f",
    { parameters: { x: "v128", n: "i32" }, results: [] },
    (f, { x, n }) => {
      const { f32x4, i32 } = assembler;
      // @ts-expect-error an i32 is no vector
      assert.throws(() => f.push(f32x4.add(x, n)), /operand 2 of 2: expected v128, found i32/);
      // @ts-expect-error an operand is missing
      assert.throws(() => f.push(i32.add(n)), /expected an operand of type i32, found undefined/);
      // @ts-expect-error a store is a statement: f.v128.store
      assert.equal(assembler.v128.store, undefined);
      // @ts-expect-error no such local
      assert.throws(() => n.set(x), /local n: expected i32, found v128/);
      f.unreachable();
    },
  );
});
