import assert from "node:assert/strict";
import { test } from "node:test";
import * as named from "../src/util.ts";

test("util has every function that can be imported by its own name, and no other", () => {
  const { util, ...functions } = named;
  assert.deepEqual({ ...util }, { ...functions });
  for (const name of ["cosSim", "dotScore", "semanticSearch", "paraphraseMining", "communityDetection"]) {
    assert.equal(typeof util[name as keyof typeof util], "function");
  }
});
