import assert from "node:assert/strict";
import type { Storage } from "../../../../src/tensor/backend.ts";
import { readElements } from "../../../../src/tensor/read.ts";
import { randomFloats, randomNumbers } from "../../../helpers/random.ts";
import type { ConformanceCase } from "./case.ts";
import { assertSameBits } from "./memory.ts";

export const STORAGE_CASES: readonly ConformanceCase[] = [
  {
    name: "storage: what is written at a place is read from that place, all bits kept",
    run: async (backend) => {
      const storage = backend.allocate(20);
      assert.equal(storage.length, 20);
      backend.write(storage, new Float32Array(20).fill(7), 0);
      const values = Float32Array.of(0, -0, 2 ** -149, -3.4e38, Number.POSITIVE_INFINITY, Number.NaN);
      backend.write(storage, values, 3);
      assertSameBits(await readElements(backend, storage, 3, 9), values, "values");
      assert.deepEqual([...(await readElements(backend, storage, 0, 4))], [7, 7, 7, 0]);
      assert.deepEqual([...(await readElements(backend, storage, 18, 20))], [7, 7]);
      assert.equal((await readElements(backend, storage, 5, 5)).length, 0);
      backend.free(storage);
    },
  },
  {
    name: "storage: read and write copy",
    run: async (backend) => {
      const storage = backend.allocate(4);
      const values = Float32Array.of(1, 2, 3, 4);
      backend.write(storage, values, 0);
      values.fill(9);
      const first = await readElements(backend, storage, 0, 4);
      assert.deepEqual([...first], [1, 2, 3, 4]);
      first.fill(8);
      assert.deepEqual([...(await readElements(backend, storage, 0, 4))], [1, 2, 3, 4]);
      backend.write(storage, Float32Array.of(5, 6), 1);
      assert.deepEqual([...first], [8, 8, 8, 8]);
      assert.deepEqual([...(await readElements(backend, storage, 0, 4))], [1, 5, 6, 4]);
      backend.free(storage);
    },
  },
  {
    name: "storage: read fills the pieces that are asked for and nothing else, though the storage is freed at once",
    run: async (backend) => {
      const [width, rows] = [7, 5];
      const values = randomFloats(randomNumbers(8), rows * width);
      const storage = backend.allocate(values.length);
      backend.write(storage, new Float32Array(values.length), 0);
      backend.write(storage, values, 0);
      const all = new Float32Array(100).fill(-1);
      const apart = new Float32Array(3);
      const done = backend.read(storage, [
        { start: 2 * width, into: all.subarray(10, 10 + width) },
        { start: 0, into: all.subarray(40, 44) },
        { start: 2 * width + 1, into: apart },
        { start: 3, into: new Float32Array(0) },
      ]);
      backend.free(storage);
      const other = backend.allocate(values.length);
      await done;
      backend.free(other);
      const expected = new Float32Array(100).fill(-1);
      expected.set(values.subarray(2 * width, 3 * width), 10);
      expected.set(values.subarray(0, 4), 40);
      assertSameBits(all, expected, "pieces beside each other");
      assertSameBits(apart, values.slice(2 * width + 1, 2 * width + 4), "a piece of its own");
    },
  },
  {
    name: "storage: readSync, where there is one, reads what read reads",
    run: async (backend) => {
      if (backend.readSync === null) return;
      const storage = backend.allocate(9);
      backend.write(storage, randomFloats(randomNumbers(9), 9), 0);
      const sum = backend.allocate(9);
      backend.kernels.add({ out: sum, a: storage, b: storage }, { length: 9 });
      const now = new Float32Array(5);
      backend.readSync(sum, [{ start: 2, into: now }]);
      assertSameBits(now, await readElements(backend, sum, 2, 7), "elements 2 … 6");
      now.fill(0);
      assert.notEqual((await readElements(backend, sum, 2, 3))[0], 0, "a copy");
      backend.free(storage);
      backend.free(sum);
    },
  },
  {
    name: "storage: memory in use is never handed out again, whatever was freed in between",
    run: async (backend) => {
      const random = randomNumbers(3);
      const live: { storage: Storage; values: Float32Array }[] = [];
      for (let step = 0; step < 300; step++) {
        if (live.length > 12 || (live.length > 0 && random() < 0.4)) {
          const [entry] = live.splice(Math.floor(random() * live.length), 1);
          const { storage, values } = entry!;
          assertSameBits(await readElements(backend, storage, 0, values.length), values, `step ${step}`);
          backend.free(storage);
        } else {
          const values = randomFloats(random, Math.floor(random() ** 3 * 5000));
          const storage = backend.allocate(values.length);
          assert.equal(storage.length, values.length);
          backend.write(storage, values, 0);
          live.push({ storage, values });
        }
      }
      for (const { storage, values } of live) {
        assertSameBits(await readElements(backend, storage, 0, values.length), values, "at the end");
        backend.free(storage);
      }
    },
  },
  {
    name: "storage: parameters keep their values while intermediate results come and go",
    run: async (backend) => {
      const random = randomNumbers(4);
      const values = Array.from({ length: 5 }, (_, i) => randomFloats(random, 100 * i));
      const vectors = values.map((part) => {
        const vector = backend.parameters.createVector(part.length);
        assert.equal(vector.length, part.length);
        backend.parameters.write(vector, part, 0);
        const storage = backend.allocate(part.length);
        backend.write(storage, new Float32Array(part.length), 0);
        backend.free(storage);
        return vector;
      });
      for (const [i, vector] of vectors.entries()) {
        assertSameBits(await readElements(backend, vector, 0, vector.length), values[i]!, `vector ${i}`);
        backend.parameters.free(vector);
      }
    },
  },
  {
    name: "storage: work is done in the order of the calls",
    run: async (backend) => {
      const counter = backend.allocate(5);
      const one = backend.allocate(5);
      backend.write(counter, new Float32Array(5), 0);
      backend.write(one, new Float32Array(5).fill(1), 0);
      for (let i = 0; i < 50; i++) backend.kernels.add({ out: counter, a: counter, b: one }, { length: 5 });
      backend.write(one, new Float32Array(5).fill(1000), 0);
      backend.kernels.add({ out: counter, a: one, b: counter }, { length: 5 });
      assert.deepEqual([...(await readElements(backend, counter, 0, 5))], new Array(5).fill(1050));
      backend.free(counter);
      backend.free(one);
    },
  },
  {
    name: "storage: matrices and tables state their sizes",
    run: async (backend) => {
      const { parameters } = backend;
      const matrix = parameters.createMatrix(3, 5, "float32");
      assert.deepEqual([matrix.outFeatures, matrix.inFeatures], [3, 5]);
      assert.equal(parameters.inPlace(matrix)?.memory.length ?? 15, 15);
      parameters.free(matrix);
      const table = parameters.createTable(4, 6);
      assert.deepEqual([table.rows, table.width], [4, 6]);
      assert.equal(parameters.inPlace(table)?.memory.length ?? 24, 24);
      parameters.free(table);
    },
  },
  {
    name: "storage: the rows of a matrix are a table in the same memory, all bits kept",
    run: async (backend) => {
      const { parameters } = backend;
      for (const [outFeatures, inFeatures] of [
        [1, 1],
        [70, 13],
        [129, 64],
      ] as const) {
        const random = randomNumbers(outFeatures);
        const values = randomFloats(random, outFeatures * inFeatures);
        const other = randomFloats(random, outFeatures * inFeatures);
        const ids = Int32Array.from({ length: outFeatures + 2 }, (_, i) => (i * 37) % outFeatures);
        const length = ids.length * inFeatures;
        const matrix = parameters.createMatrix(outFeatures, inFeatures, "float32");
        const rows = parameters.rowsOf(matrix);
        assert.deepEqual([rows.rows, rows.width], [outFeatures, inFeatures]);
        const table = parameters.createTable(outFeatures, inFeatures);
        parameters.write(table, other, 0);
        // Written twice, through the matrix alone: the table follows.
        for (const sign of [1, -1]) {
          const written = values.map((value) => sign * value);
          parameters.write(matrix, written, 0);
          const out = backend.allocate(length);
          const both = backend.allocate(length);
          const dims = { rows: ids.length, width: inFeatures };
          backend.kernels.embeddingSum({ out, tables: [rows], ids: [ids] }, dims);
          backend.kernels.embeddingSum({ out: both, tables: [table, rows], ids: [ids, ids] }, dims);
          const picked = (from: Float32Array) =>
            Float32Array.from({ length }, (_, i) => {
              return from[ids[Math.floor(i / inFeatures)]! * inFeatures + (i % inFeatures)]!;
            });
          assertSameBits(await readElements(backend, out, 0, length), picked(written), "rows");
          const sums = picked(other).map((value, i) => Math.fround(value + picked(written)[i]!));
          assertSameBits(await readElements(backend, both, 0, length), sums, "sums with another table");
          backend.free(out);
          backend.free(both);
        }
        parameters.free(table);
        parameters.free(matrix);
        const out = backend.allocate(inFeatures);
        const lookup = { out, tables: [rows], ids: [Int32Array.of(0)] };
        assert.throws(() => backend.kernels.embeddingSum(lookup, { rows: 1, width: inFeatures }), {
          code: "disposed",
        });
        backend.free(out);
        parameters.free(rows);
      }
    },
  },
  {
    name: "storage: a matrix of a dtype that the backend does not have is refused by name",
    run: async (backend) => {
      for (const dtype of ["float31", undefined, ["float32"]]) {
        assert.throws(() => backend.parameters.createMatrix(3, 5, dtype as "float32"), {
          name: "UnsupportedError",
          code: "unsupported-dtype",
          subject: "dtype",
        });
      }
    },
  },
];
