import { createReferenceBackend } from "../../../../src/tensor/backend/js/js-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { embeddingBound } from "../../../helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import { callKernel, type KernelInputs } from "./calls.ts";
import { type ConformanceCase, rowsOf, shuffledChunks } from "./case.ts";
import { assertSameBits, assertWithin } from "./memory.ts";

/** Tables of 11 rows; ids that name the first, the last and some rows twice. */
function randomEmbedding(tables: number, rows: number, width: number): KernelInputs<"embeddingSum"> {
  const random = randomNumbers(tables * 1e6 + rows * 1e3 + width);
  const list = Array.from({ length: tables }, (_, t) => randomFloats(random, 11 * width, 10 ** t));
  const ids = list.map(() => Int32Array.from({ length: rows }, () => Math.floor(random() * 11)));
  ids[0]![0] = 10;
  ids[0]![rows - 1] = 0;
  return { tables: list, ids, rows, width };
}

async function check(backend: Backend, inputs: KernelInputs<"embeddingSum">): Promise<void> {
  const expected = await callKernel(createReferenceBackend(), "embeddingSum", inputs);
  const { tables, ids, rows, width } = inputs;
  const bounds = embeddingBound(tables, ids, expected, width);
  const actual = await callKernel(backend, "embeddingSum", inputs);
  assertWithin(actual, expected, bounds, `${tables.length} tables, [${rows}, ${width}]`);
}

export const EMBEDDING_CASES: readonly ConformanceCase[] = [
  {
    name: "embeddingSum: every element is right for any number of tables and rows, at every width",
    run: async (backend) => {
      let rows = 0;
      for (const tables of [1, 2, 3]) {
        for (const width of [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 384]) {
          rows = (rows % 9) + 1;
          await check(backend, randomEmbedding(tables, rows, width));
        }
      }
      await check(backend, randomEmbedding(3, 300, 12));
    },
  },
  {
    name: "embeddingSum: one table gives copies of its rows",
    run: async (backend) => {
      const inputs = randomEmbedding(1, 9, 13);
      const expected = Float32Array.from(
        [...inputs.ids[0]!].flatMap((id) => [...rowsOf(inputs.tables[0]!, 13, id, 1)]),
      );
      assertSameBits(await callKernel(backend, "embeddingSum", inputs), expected, "rows of the table");
    },
  },
  {
    name: "embeddingSum: a table may be written in any portions and any order",
    run: async (backend) => {
      const inputs = randomEmbedding(2, 9, 7);
      const whole = await callKernel(backend, "embeddingSum", inputs);
      for (const size of [1, 2, 3, 5]) {
        const chunks = shuffledChunks(11, size);
        assertSameBits(
          await callKernel(backend, "embeddingSum", { ...inputs, chunks }),
          whole,
          `portions of ${size}`,
        );
      }
    },
  },
  {
    name: "embeddingSum: a row gives the same bits alone and in any company",
    run: async (backend) => {
      for (const width of [1, 6, 33]) {
        const all = randomEmbedding(3, 13, width);
        const together = await callKernel(backend, "embeddingSum", all);
        for (let row = 0; row < 13; row++) {
          const alone = { ...all, ids: all.ids.map((ids) => ids.slice(row, row + 1)), rows: 1 };
          const expected = rowsOf(together, width, row, 1);
          assertSameBits(await callKernel(backend, "embeddingSum", alone), expected, `row ${row} alone`);
        }
      }
    },
  },
];
