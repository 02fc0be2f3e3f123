import assert from "node:assert/strict";
import { test } from "node:test";
import { activate } from "../../../../src/tensor/backend/js/activation.ts";
import { activate as exact } from "../../../../src/tensor/backend/js/reference/activation.ts";
import { ACTIVATIONS } from "../../../../src/tensor/kernel-table.ts";

/** Of the f32 at `value`. */
function ulp(value: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 23);
}

/** The greatest distance of the table's gelu from the exact one between two places, in units of f32's last place. */
function geluError(from: number, to: number): number {
  let greatest = 0;
  for (let x = from; x <= to; x += 1 / 4099) {
    const values = Float64Array.of(x);
    activate("gelu", values, 0, 1);
    const expected = exact("gelu", x);
    greatest = Math.max(greatest, Math.abs(values[0]! - expected) / ulp(expected));
  }
  return greatest;
}

test("the table of gelu adds less than a tenth of f32's last place, for x > −5", () => {
  assert.ok(geluError(-5, 10) < 0.1);
});

test("further down the table of gelu is off by at most six units of the last place", () => {
  assert.ok(geluError(-9, -5) < 1);
  assert.ok(geluError(-16, -9) < 6);
});

test("the other activations compute what the reference computes, to twelve digits", () => {
  for (const name of ACTIVATIONS.filter((name) => name !== "gelu")) {
    for (let x = -30; x <= 30; x += 1 / 61) {
      const values = Float64Array.of(Number.NaN, x, Number.NaN);
      activate(name, values, 1, 2);
      const expected = exact(name, x);
      assert.ok(Math.abs(values[1]! - expected) <= 1e-12 * Math.abs(expected), `${name}(${x})`);
      assert.ok(Number.isNaN(values[0]) && Number.isNaN(values[2]), "only the range is written");
    }
  }
});
