/** The one suite that every backend runs through: the contract of `backend.ts`, case by case. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Backend } from "../../../src/tensor/backend.ts";
import type { ConformanceCase } from "./conformance/case.ts";
import * as kernelCases from "./conformance/index.ts";
import { STORAGE_CASES } from "./conformance/storage.ts";

export const CONFORMANCE_CASES: readonly ConformanceCase[] = [
  ...STORAGE_CASES,
  ...Object.values(kernelCases).flat(),
];

export interface Skip {
  /** Why this backend cannot keep these promises; printed with each of them. */
  readonly reason: string;
  /** Names of cases, or the beginnings of names, as "pool: ". */
  readonly tests: readonly string[];
}

export interface ConformanceOptions {
  /** Only the cases whose names begin with one of these; all without. */
  readonly only?: readonly string[];
  readonly skip?: readonly Skip[];
}

/** How the names of cases end that only a backend with deterministic rows can pass. */
const ROW_BY_ROW = "gives the same bits alone and in any company";

/** Registers the suite for one backend, which is made before the first case and disposed after the last. */
export function runConformance(
  name: string,
  createBackend: () => Backend | Promise<Backend>,
  { skip = [], only = [""] }: ConformanceOptions = {},
): void {
  for (const prefix of skip.flatMap(({ tests }) => tests)) {
    const known = CONFORMANCE_CASES.some((entry) => entry.name.startsWith(prefix));
    assert.ok(known, `${name}: the suite has no case "${prefix}" to skip`);
  }

  describe(`the ${name} backend`, () => {
    let backend: Backend;
    before(async () => {
      backend = await createBackend();
      assert.equal(backend.capabilities.computeType, "float32", "the bounds are those of float32 arithmetic");
    });
    after(() => backend?.dispose());

    for (const entry of CONFORMANCE_CASES) {
      if (!only.some((prefix) => entry.name.startsWith(prefix))) continue;
      const reason = skip.find(({ tests }) => tests.some((prefix) => entry.name.startsWith(prefix)))?.reason;
      test(entry.name, reason === undefined ? {} : { skip: reason }, (t) => {
        if (entry.name.endsWith(ROW_BY_ROW) && !backend.capabilities.deterministicRows)
          return t.skip("the backend does not promise deterministic rows");
        return entry.run(backend);
      });
    }
  });
}
