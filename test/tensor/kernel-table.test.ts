import assert from "node:assert/strict";
import { test } from "node:test";
import type { KernelDeclaration } from "../../src/tensor/kernel.ts";
import { KERNEL_NAMES, KERNELS } from "../../src/tensor/kernel-table.ts";

const declarations: readonly (readonly [name: string, declaration: KernelDeclaration])[] = KERNEL_NAMES.map(
  (name) => [name, KERNELS[name]],
);

/** Each name stands for itself. */
function named(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

test("inOrder gives the operands, then the dims, as they are declared", () => {
  for (const [name, { operands, dims, inOrder }] of declarations) {
    const [first, last] = [operands.map((operand) => operand.name), Object.keys(dims)];
    assert.deepEqual(inOrder(named(first), named(last)), [...first, ...last], name);
  }
});

test("the first operand is the output, which is there and is no list", () => {
  for (const [name, { operands }] of declarations) {
    const [out] = operands;
    assert.deepEqual(
      [out?.name, out?.kind, out?.optional, out?.list],
      ["out", "storage", undefined, undefined],
      name,
    );
  }
});

test("a split cuts an axis of the output, and work and lookups name what is there", () => {
  for (const [name, { operands, dims, split, work = [] }] of declarations) {
    if (split !== null) {
      assert.ok(operands[0]!.shape.includes(split.dim) && split.dim in dims, name);
    }
    assert.deepEqual(
      work.filter((dim) => !(dim in dims)),
      [],
      name,
    );
    for (const { kind, rowsBy } of operands) {
      assert.equal(
        kind === "table",
        operands.some((other) => other.name === rowsBy),
        name,
      );
    }
  }
});
