import assert from "node:assert/strict";
import { ENCODERS } from "../../../../bench/shapes.ts";
import {
  type AttentionMask,
  bidirectional,
  bidirectionalWindow,
  causal,
  causalWindow,
} from "../../../../src/tensor/attention-mask.ts";
import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { attentionBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

interface AttentionOptions {
  readonly heads: number;
  readonly kvHeads?: number;
  readonly mask?: AttentionMask;
  readonly headDim: number;
  readonly lengths: readonly number[];
  /** Of a relative bias; none without. */
  readonly span?: number;
  readonly scale?: number;
}

function randomAttention({
  heads,
  kvHeads = heads,
  mask = bidirectional,
  headDim,
  lengths,
  span = 0,
  scale,
}: AttentionOptions): KernelInputs<"attention"> {
  const random = randomNumbers(heads * 1e6 + headDim * 1e3 + lengths.length);
  const offsets = Int32Array.from([0, ...lengths.map((_, i) => sum(lengths.slice(0, i + 1)))]);
  const tokens = offsets.at(-1)!;
  return {
    q: randomFloats(random, tokens * heads * headDim, 2),
    k: randomFloats(random, tokens * kvHeads * headDim, 2),
    v: randomFloats(random, tokens * kvHeads * headDim),
    offsets,
    relativeBias: span === 0 ? null : randomFloats(random, heads * (2 * span - 1), 3),
    heads,
    kvHeads,
    headDim,
    scale: scale ?? 1 / Math.sqrt(headDim),
    span,
    before: Math.min(mask.before, tokens),
    after: Math.min(mask.after, tokens),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function check(backend: Backend, inputs: KernelInputs<"attention">): Promise<void> {
  const expected = await callKernel(createReferenceBackend(), "attention", inputs);
  const actual = await callKernel(backend, "attention", inputs);
  const { heads, kvHeads, headDim, before, after, offsets } = inputs;
  const shape = `attention, ${heads} of ${kvHeads} heads of ${headDim}, ${before} before, ${after} after, boundaries ${offsets.join(", ")}`;
  assertWithin(actual, expected, attentionBound(inputs, expected), shape);
}

/**
 * Two keys a sequence, with scores 0 and −x, the second value alone not 0: the result for the first query is
 * e^(−x) / (1 + e^(−x)).
 */
function exponentials(values: readonly number[]): KernelInputs<"attention"> {
  return {
    q: Float32Array.from(values.flatMap(() => [1, 1])),
    k: Float32Array.from(values.flatMap((x) => [0, -x])),
    v: Float32Array.from(values.flatMap(() => [0, 1])),
    offsets: Int32Array.from({ length: values.length + 1 }, (_, i) => 2 * i),
    relativeBias: null,
    heads: 1,
    kvHeads: 1,
    headDim: 1,
    scale: 1,
    span: 0,
    before: 2,
    after: 2,
  };
}

export const ATTENTION_CASES: readonly ConformanceCase[] = [
  {
    name: "attention: every element is right for any head size, with empty and one-token sequences",
    run: async (backend) => {
      for (const headDim of [1, 2, 3, 4, 5, 8, 12, 20, 32, 64, 100, 200]) {
        for (const heads of [1, 2, 3]) {
          await check(backend, randomAttention({ heads, headDim, lengths: [1, 0, 2, 5, 3, 0, 4, 9, 0] }));
        }
      }
    },
  },
  {
    name: "attention: every element is right for any length",
    run: async (backend) => {
      for (let length = 1; length <= 20; length++) {
        await check(backend, randomAttention({ heads: 2, headDim: 6, lengths: [length] }));
      }
      const lengths = [31, 32, 33, 63, 64, 65, 127, 128, 129];
      await check(backend, randomAttention({ heads: 1, headDim: 4, lengths }));
      await check(backend, randomAttention({ heads: 1, headDim: 3, lengths: [2, 520, 1] }));
    },
  },
  {
    name: "attention: the heads of real models",
    run: async (backend) => {
      for (const { heads, hidden } of Object.values(ENCODERS)) {
        await check(backend, randomAttention({ heads, headDim: hidden / heads, lengths: [7, 12] }));
      }
    },
  },
  {
    name: "attention: a relative bias is found by key minus query, in each head's row",
    run: async (backend) => {
      for (const span of [9, 12]) {
        for (const headDim of [1, 4, 7, 32]) {
          const lengths = [9, 1, 0, 4, 8];
          await check(backend, randomAttention({ heads: 3, headDim, lengths, span }));
        }
      }
      await check(backend, randomAttention({ heads: 2, headDim: 4, lengths: [200, 3], span: 256 }));
    },
  },
  {
    name: "attention: heads share those of keys and values, as many as come one after the other",
    run: async (backend) => {
      for (const [heads, kvHeads] of [
        [2, 1],
        [4, 2],
        [3, 1],
        [6, 3],
        [8, 2],
        [7, 7],
      ] as const) {
        for (const headDim of [1, 6, 32]) {
          await check(backend, randomAttention({ heads, kvHeads, headDim, lengths: [1, 0, 30, 7, 3] }));
        }
      }
      await check(backend, randomAttention({ heads: 4, kvHeads: 2, headDim: 5, lengths: [9, 4], span: 12 }));
      await check(backend, randomAttention({ heads: 16, kvHeads: 8, headDim: 128, lengths: [12] }));
      await check(backend, randomAttention({ heads: 3, kvHeads: 1, headDim: 256, lengths: [12] }));
    },
  },
  {
    name: "attention: shared heads give the bits of heads of their own",
    run: async (backend) => {
      const [heads, kvHeads, headDim] = [6, 2, 5];
      const shared = randomAttention({ heads, kvHeads, headDim, lengths: [40, 3] });
      const apart = (values: Float32Array) => {
        const tokens = values.length / (kvHeads * headDim);
        return Float32Array.from({ length: tokens * heads * headDim }, (_, i) => {
          const [token, head] = [Math.floor(i / (heads * headDim)), Math.floor(i / headDim) % heads];
          return values[(token * kvHeads + Math.floor(head / 3)) * headDim + (i % headDim)]!;
        });
      };
      const own = { ...shared, kvHeads: heads, k: apart(shared.k), v: apart(shared.v) };
      assertSameBits(
        await callKernel(backend, "attention", shared),
        await callKernel(backend, "attention", own),
        "shared",
      );
    },
  },
  {
    name: "attention: a mask hides what its kind says, at every length",
    run: async (backend) => {
      const masks = [
        causal,
        ...[0, 1, 2, 5, 31].flatMap((reach) => [bidirectionalWindow(reach), causalWindow(reach + 1)]),
        { before: 0, after: Infinity },
        { before: 3, after: 10 },
      ];
      for (const mask of masks) {
        const lengths = [1, 0, 2, 3, 4, 7, 8, 9, 15, 16, 17, 23, 24, 25, 47, 48, 49, 70];
        await check(backend, randomAttention({ heads: 2, headDim: 3, lengths, mask }));
        await check(backend, randomAttention({ heads: 4, kvHeads: 2, headDim: 20, lengths: [61], mask }));
        await check(backend, randomAttention({ heads: 2, headDim: 4, lengths: [33, 5], span: 40, mask }));
      }
      const mask = bidirectionalWindow(64);
      await check(backend, randomAttention({ heads: 1, headDim: 8, lengths: [63, 64, 65, 66, 300], mask }));
      await check(backend, randomAttention({ heads: 1, headDim: 8, lengths: [150], mask: causalWindow(64) }));
      await check(backend, randomAttention({ heads: 1, headDim: 8, lengths: [150], mask: causal }));
    },
  },
  {
    name: "attention: a window wider than the sequence gives the bits of none",
    run: async (backend) => {
      for (const length of [1, 7, 24, 50]) {
        const all = randomAttention({ heads: 2, headDim: 6, lengths: [length, 3] });
        const expected = await callKernel(backend, "attention", all);
        for (const reach of [length - 1, length, length + 1, 2 * length, 2 ** 20]) {
          const windowed = { ...all, before: reach, after: reach };
          if (reach < 3) continue; // the other sequence would be cut
          assertSameBits(
            await callKernel(backend, "attention", windowed),
            expected,
            `reach ${reach} of ${length}`,
          );
        }
      }
    },
  },
  {
    name: "attention: what a query does not see counts for nothing, however large",
    run: async (backend) => {
      const length = 60;
      for (const mask of [causal, bidirectionalWindow(3), causalWindow(20), { before: 2, after: Infinity }]) {
        const inputs = randomAttention({ heads: 2, kvHeads: 1, headDim: 4, lengths: [length], mask });
        const expected = await callKernel(backend, "attention", inputs);
        for (const changed of [0, 17, 31, length - 1]) {
          const [k, v] = [inputs.k.slice(), inputs.v.slice()];
          k.fill(1e30, 4 * changed, 4 * changed + 4);
          v.fill(-1e30, 4 * changed, 4 * changed + 4);
          const result = await callKernel(backend, "attention", { ...inputs, k, v });
          for (let i = 0; i < length; i++) {
            const sees = changed >= i - mask.before && changed <= i + mask.after;
            const row = (values: Float32Array) => rowsOf(values, 8, i, 1);
            if (sees) assert.notDeepEqual(row(result), row(expected), `query ${i} sees key ${changed}`);
            else assertSameBits(row(result), row(expected), `query ${i} and key ${changed}`);
          }
        }
      }
    },
  },
  {
    name: "attention: large scores neither overflow nor change the result",
    run: async (backend) => {
      for (const scale of [100, 3000, -3000]) {
        await check(backend, randomAttention({ heads: 2, headDim: 8, lengths: [5, 17, 1], scale }));
      }
    },
  },
  {
    name: "attention: scores far below 0 are as good as those near it",
    run: async (backend) => {
      const inputs = randomAttention({ heads: 1, headDim: 1, lengths: [4], scale: 1 });
      const q = new Float32Array(4).fill(1);
      const k = Float32Array.of(-5000, -5001, -5002, -6000);
      await check(backend, { ...inputs, q, k });
    },
  },
  {
    name: "attention: the exponential is right from 0 to where it vanishes",
    run: async (backend) => {
      const grid = Array.from({ length: 1100 }, (_, i) => i / 10);
      const edges = [87.33, 87.34, 88.02, 88.37, 88.72, 88.73, 103.27, 103.9, 104, 150, 746, 1e4, 1e38];
      const inputs = exponentials([...grid, ...edges]);
      await check(backend, inputs);
      const result = await callKernel(backend, "attention", inputs);
      for (let i = 0; i < result.length; i++) {
        assert.ok(result[i]! >= 0 && result[i]! <= 1, `result ${i} is ${result[i]}`);
      }
    },
  },
  {
    name: "attention: equal keys give the mean of the values",
    run: async (backend) => {
      const inputs = randomAttention({ heads: 1, headDim: 4, lengths: [6] });
      await check(backend, { ...inputs, k: new Float32Array(24).fill(0.25) });
      await check(backend, { ...inputs, q: new Float32Array(24) });
    },
  },
  {
    name: "attention: no sequence sees another",
    run: async (backend) => {
      const inputs = randomAttention({ heads: 2, headDim: 5, lengths: [3, 4, 1, 6] });
      const clean = await callKernel(backend, "attention", inputs);
      for (const operand of ["q", "k", "v"] as const) {
        const values = inputs[operand].slice();
        values.fill(Number.NaN, 3 * 10, 7 * 10);
        const spoilt = await callKernel(backend, "attention", { ...inputs, [operand]: values });
        for (let i = 0; i < clean.length; i++) {
          const inside = i >= 3 * 10 && i < 7 * 10;
          assert.ok(inside ? Number.isNaN(spoilt[i]) : spoilt[i] === clean[i], `${operand}, element ${i}`);
        }
      }
    },
  },
  {
    name: "attention: a sequence gives the same bits alone and in any company",
    run: async (backend) => {
      for (const [headDim, span, mask] of [
        [1, 0, bidirectional],
        [6, 70, bidirectional],
        [32, 0, bidirectional],
        [6, 0, causal],
        [6, 0, bidirectionalWindow(7)],
      ] as const) {
        const lengths = [1, 5, 2, 0, 17, 3, 8, 66, 1, 4];
        const all = randomAttention({ heads: 2, headDim, lengths, span, mask });
        const width = 2 * headDim;
        const together = await callKernel(backend, "attention", all);
        const part = async (first: number, count: number): Promise<void> => {
          const start = all.offsets[first]!;
          const rows = all.offsets[first + count]! - start;
          const result = await callKernel(backend, "attention", {
            ...all,
            q: rowsOf(all.q, width, start, rows),
            k: rowsOf(all.k, width, start, rows),
            v: rowsOf(all.v, width, start, rows),
            offsets: all.offsets.slice(first, first + count + 1).map((offset) => offset - start),
          });
          assertSameBits(result, rowsOf(together, width, start, rows), `sequence ${first}, ${count} at once`);
        };
        for (let i = 0; i < lengths.length; i++) await part(i, 1);
        for (const count of [2, 3, 4]) await part(count, count);
      }
    },
  },
  {
    name: "attention: no sequences, nothing written",
    run: async (backend) => {
      for (const offsets of [Int32Array.of(0), Int32Array.of(0, 0, 0)]) {
        const inputs = { ...randomAttention({ heads: 2, headDim: 4, lengths: [] }), offsets };
        assert.equal((await callKernel(backend, "attention", inputs)).length, 0);
      }
    },
  },
];
