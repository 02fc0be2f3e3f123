/** The kernels at the shapes of real models: what to measure, and how to see that the result is right. */
import type {
  ActivationName,
  Backend,
  EmbeddingTable,
  PoolingReduction,
  Storage,
} from "../src/tensor/backend.ts";
import {
  activationBound,
  attentionBound,
  embeddingBound,
  layerNormBound,
  linearBound,
  normalizeBound,
  poolBound,
  UNIT_ROUNDOFF,
} from "../test/helpers/bounds.ts";
import { randomFloats, randomNumbers } from "../test/helpers/random.ts";
import { callKernel } from "../test/tensor/backend/conformance/calls.ts";
import { ENCODERS, type EncoderName, type LinearShape, linearShapes } from "./shapes.ts";

/** What one call of the kernel does. */
export interface Work {
  readonly amount: number;
  readonly unit: "FLOP" | "B";
}

export interface KernelBench {
  /** As the contract calls it. */
  readonly kernel: string;
  readonly shape: string;
  readonly work: Work;
  readonly prepare: (backend: Backend) => PreparedKernel;
}

export interface PreparedKernel {
  readonly run: () => void;
  readonly out: Storage;
  readonly outLength: number;
  /** What the reference says to some of the rows of `out`, and how far the result may lie from it. */
  readonly expected: (reference: Backend) => Promise<Expectation>;
  readonly release: () => void;
}

export interface Expectation {
  /** The element of `out` at which `values` begin. */
  readonly start: number;
  readonly values: Float32Array;
  readonly bounds: Float64Array;
}

/** Tokens in a batch: as many as backends ask for. */
const TOKENS = 256;

const BYTES = 4;

/** Uploads, and gives everything back at the end. */
class Uploads {
  readonly #backend: Backend;
  readonly #storages: Storage[] = [];
  readonly random = randomNumbers(1);

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  of(values: Float32Array): Storage {
    const storage = this.blank(values.length);
    this.#backend.write(storage, values, 0);
    return storage;
  }

  blank(length: number): Storage {
    const storage = this.#backend.allocate(length);
    this.#storages.push(storage);
    return storage;
  }

  release(): void {
    for (const storage of this.#storages) this.#backend.free(storage);
  }
}

function linearBench(
  encoder: EncoderName,
  { name, inFeatures, outFeatures }: LinearShape,
  rows: number,
  activation: ActivationName | null,
): KernelBench {
  const suffix = activation === null ? "" : ` + ${activation}`;
  return {
    kernel: "linear",
    shape: `${encoder} ${name}${suffix}: ${rows} × ${inFeatures} → ${outFeatures}`,
    work: { amount: 2 * rows * inFeatures * outFeatures, unit: "FLOP" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const x = randomFloats(uploads.random, rows * inFeatures);
      const weight = randomFloats(uploads.random, outFeatures * inFeatures, 1 / Math.sqrt(inFeatures));
      const bias = randomFloats(uploads.random, outFeatures);
      const matrix = backend.parameters.createMatrix(outFeatures, inFeatures, "float32");
      backend.parameters.write(matrix, weight, 0);
      const out = uploads.blank(rows * outFeatures);
      const dims = { rows, inFeatures, outFeatures, activation };
      const operands = { out, x: uploads.of(x), weight: matrix, bias: uploads.of(bias), residual: null };
      return {
        run: () => backend.kernels.linear(operands, dims),
        out,
        outLength: rows * outFeatures,
        expected: async (reference) => {
          const last = {
            x: x.subarray((rows - 1) * inFeatures),
            ...{ weight, bias, residual: null, rows: 1, inFeatures, outFeatures, activation },
          };
          const values = await callKernel(reference, "linear", last);
          return { start: (rows - 1) * outFeatures, values, bounds: linearBound(last, values) };
        },
        release: () => {
          uploads.release();
          backend.parameters.free(matrix);
        },
      };
    },
  };
}

function attentionBench(encoder: EncoderName, length: number): KernelBench {
  const { heads, hidden } = ENCODERS[encoder];
  const sequences = Math.max(1, TOKENS / length);
  const tokens = sequences * length;
  const headDim = hidden / heads;
  const scale = 1 / Math.sqrt(headDim);
  const dims = { heads, kvHeads: heads, headDim, scale, span: 0, before: length, after: length };
  return {
    kernel: "attention",
    shape: `${encoder}: ${sequences} × ${length} tokens, ${heads} heads of ${dims.headDim}`,
    work: { amount: 4 * tokens * length * hidden, unit: "FLOP" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const [q, k, v] = [0, 1, 2].map(() => randomFloats(uploads.random, tokens * hidden, 2));
      const out = uploads.blank(tokens * hidden);
      const offsets = Int32Array.from({ length: sequences + 1 }, (_, i) => i * length);
      const operands = {
        out,
        q: uploads.of(q!),
        k: uploads.of(k!),
        v: uploads.of(v!),
        offsets,
        relativeBias: null,
      };
      return {
        run: () => backend.kernels.attention(operands, dims),
        out,
        outLength: tokens * hidden,
        expected: async (reference) => {
          const start = (tokens - length) * hidden;
          const last = {
            q: q!.slice(start),
            k: k!.slice(start),
            v: v!.slice(start),
            offsets: Int32Array.of(0, length),
            relativeBias: null,
            ...dims,
          };
          const values = await callKernel(reference, "attention", last);
          return { start, values, bounds: attentionBound(last, values) };
        },
        release: () => uploads.release(),
      };
    },
  };
}

function layerNormBench(encoder: EncoderName): KernelBench {
  const width = ENCODERS[encoder].hidden;
  const dims = { rows: TOKENS, width, eps: 1e-12 };
  return {
    kernel: "layerNorm",
    shape: `${encoder}: ${TOKENS} × ${width}`,
    work: { amount: 2 * BYTES * TOKENS * width, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const x = randomFloats(uploads.random, TOKENS * width);
      const [weight, bias] = [randomFloats(uploads.random, width), randomFloats(uploads.random, width)];
      const out = uploads.blank(TOKENS * width);
      const operands = { out, x: uploads.of(x), weight: uploads.of(weight), bias: uploads.of(bias) };
      return {
        run: () => backend.kernels.layerNorm(operands, dims),
        out,
        outLength: TOKENS * width,
        expected: async (reference) => {
          const values = await callKernel(reference, "layerNorm", { ...dims, x, weight, bias });
          return { start: 0, values, bounds: layerNormBound(x, weight, values, width, dims.eps) };
        },
        release: () => uploads.release(),
      };
    },
  };
}

function embeddingBench(encoder: EncoderName): KernelBench {
  const { hidden: width, positions } = ENCODERS[encoder];
  const vocabulary = 5000; // as many of its rows as fit the time to make them up
  return {
    kernel: "embeddingSum",
    shape: `${encoder}: ${TOKENS} × ${width}, three tables`,
    work: { amount: 4 * BYTES * TOKENS * width, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const tables = [vocabulary, positions, 2].map((rows) => randomFloats(uploads.random, rows * width));
      const ids = tables.map((table) =>
        Int32Array.from({ length: TOKENS }, () => Math.floor(uploads.random() * (table.length / width))),
      );
      const handles: EmbeddingTable[] = tables.map((table) => {
        const handle = backend.parameters.createTable(table.length / width, width);
        backend.parameters.write(handle, table, 0);
        return handle;
      });
      const out = uploads.blank(TOKENS * width);
      const dims = { rows: TOKENS, width };
      return {
        run: () => backend.kernels.embeddingSum({ out, tables: handles, ids }, dims),
        out,
        outLength: TOKENS * width,
        expected: async (reference) => {
          const values = await callKernel(reference, "embeddingSum", { ...dims, tables, ids });
          return { start: 0, values, bounds: embeddingBound(tables, ids, values, width) };
        },
        release: () => {
          uploads.release();
          for (const handle of handles) backend.parameters.free(handle);
        },
      };
    },
  };
}

function activationBench(encoder: EncoderName, name: ActivationName): KernelBench {
  const length = TOKENS * ENCODERS[encoder].intermediate;
  return {
    kernel: "activation",
    shape: `${encoder}: ${name} of ${TOKENS} × ${ENCODERS[encoder].intermediate}`,
    work: { amount: 2 * BYTES * length, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const x = randomFloats(uploads.random, length, 3);
      const [xs, out] = [uploads.of(x), uploads.blank(length)];
      return {
        run: () => backend.kernels.activation({ out, x: xs }, { activation: name, length }),
        out,
        outLength: length,
        expected: async (reference) => {
          const values = await callKernel(reference, "activation", { x, activation: name, length });
          const bounds = Float64Array.from(
            values,
            (value, i) => activationBound(name, x[i]!, value) + UNIT_ROUNDOFF * Math.abs(value),
          );
          return { start: 0, values, bounds };
        },
        release: () => uploads.release(),
      };
    },
  };
}

function addBench(encoder: EncoderName): KernelBench {
  const length = TOKENS * ENCODERS[encoder].hidden;
  return {
    kernel: "add",
    shape: `${encoder}: ${TOKENS} × ${ENCODERS[encoder].hidden}`,
    work: { amount: 3 * BYTES * length, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const [a, b] = [randomFloats(uploads.random, length), randomFloats(uploads.random, length)];
      const [as, bs, out] = [uploads.of(a), uploads.of(b), uploads.blank(length)];
      return {
        run: () => backend.kernels.add({ out, a: as, b: bs }, { length }),
        out,
        outLength: length,
        expected: async (reference) => {
          const values = await callKernel(reference, "add", { a, b, length });
          return { start: 0, values, bounds: new Float64Array(length) };
        },
        release: () => uploads.release(),
      };
    },
  };
}

function poolBench(encoder: EncoderName, reduction: PoolingReduction): KernelBench {
  const width = ENCODERS[encoder].hidden;
  const length = 32;
  const starts = Int32Array.from({ length: TOKENS / length }, (_, i) => i * length);
  const sequences = { starts, ends: starts.map((start) => start + length) };
  const dims = { reduction, skip: 0, width, outStride: width, outColumn: 0 };
  return {
    kernel: "pool",
    shape: `${encoder}: ${reduction} of ${starts.length} × ${length} tokens`,
    work: { amount: BYTES * (TOKENS + starts.length) * width, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const x = randomFloats(uploads.random, TOKENS * width);
      const [xs, out] = [uploads.of(x), uploads.blank(starts.length * width)];
      return {
        run: () => backend.kernels.pool({ out, x: xs, ...sequences }, dims),
        out,
        outLength: starts.length * width,
        expected: async (reference) => {
          const values = await callKernel(reference, "pool", { ...sequences, ...dims, x });
          const bounds = Float64Array.from(values, (_, i) => {
            const first = starts[Math.floor(i / width)]! * width + (i % width);
            const column = Float32Array.from({ length }, (_, p) => x[first + p * width]!);
            return poolBound(reduction, column, 0);
          });
          return { start: 0, values, bounds };
        },
        release: () => uploads.release(),
      };
    },
  };
}

function normalizeBench(encoder: EncoderName): KernelBench {
  const dims = { rows: TOKENS, width: ENCODERS[encoder].hidden };
  const length = dims.rows * dims.width;
  return {
    kernel: "normalizeRows",
    shape: `${encoder}: ${dims.rows} × ${dims.width}`,
    work: { amount: 2 * BYTES * length, unit: "B" },
    prepare: (backend) => {
      const uploads = new Uploads(backend);
      const x = randomFloats(uploads.random, length);
      const [xs, out] = [uploads.of(x), uploads.blank(length)];
      return {
        run: () => backend.kernels.normalizeRows({ out, x: xs }, dims),
        out,
        outLength: length,
        expected: async (reference) => {
          const values = await callKernel(reference, "normalizeRows", { x, ...dims });
          return { start: 0, values, bounds: normalizeBound(values, dims.width) };
        },
        release: () => uploads.release(),
      };
    },
  };
}

const [attentionProjection, feedForwardUp] = linearShapes(ENCODERS["MiniLM-L6"]);

export const KERNEL_BENCHES: readonly KernelBench[] = [
  ...[1, 16].map((rows) => linearBench("MiniLM-L6", attentionProjection!, rows, null)),
  ...(["MiniLM-L6", "bge-base", "e5-large"] as const).flatMap((encoder) =>
    linearShapes(ENCODERS[encoder]).map((shape) => linearBench(encoder, shape, TOKENS, null)),
  ),
  linearBench("MiniLM-L6", feedForwardUp!, TOKENS, "gelu"),
  ...[16, 128, 512].map((length) => attentionBench("MiniLM-L6", length)),
  attentionBench("bge-base", 128),
  layerNormBench("MiniLM-L6"),
  layerNormBench("e5-large"),
  embeddingBench("MiniLM-L6"),
  activationBench("MiniLM-L6", "gelu"),
  activationBench("MiniLM-L6", "tanh"),
  addBench("MiniLM-L6"),
  poolBench("MiniLM-L6", "mean"),
  poolBench("MiniLM-L6", "max"),
  normalizeBench("MiniLM-L6"),
];
