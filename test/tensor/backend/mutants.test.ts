/** Kernels with one mistake each: the conformance suite must notice every one of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { JsBackend } from "../../../src/tensor/backend/js/js-backend.ts";
import { JsParameters } from "../../../src/tensor/backend/js/parameters.ts";
import { REFERENCE_KERNELS } from "../../../src/tensor/backend/js/reference/kernels.ts";
import type {
  Backend,
  InPlaceRows,
  PackedMatrix,
  Parameter,
  ReadPiece,
  Storage,
} from "../../../src/tensor/backend.ts";
import type { ArrayKernels } from "../../../src/tensor/kernel-table.ts";
import { CONFORMANCE_CASES } from "./conformance.ts";

const right = REFERENCE_KERNELS;

/** The reference backend, some kernels replaced. */
function mutant(kernels: Partial<ArrayKernels>): Backend {
  return new JsBackend("mutant", "mutant", { ...right, ...kernels });
}

/** The beginning of the names of the cases that notice it; what is wrong; the backend that does it wrong. */
const MUTANTS: readonly (readonly [cases: string, mistake: string, backend: Backend])[] = [
  [
    "linear",
    "the last term is dropped where the depth is not a multiple of 4",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        const { inFeatures } = dims;
        const dropped = weight.map((w, i) => (inFeatures % 4 !== 0 && (i + 1) % inFeatures === 0 ? 0 : w));
        right.linear(out, x, dropped, bias, residual, dims);
      },
    }),
  ],
  [
    "linear",
    "the last row is not written where their number is odd",
    mutant({
      linear: (out, x, weight, bias, residual, dims) =>
        right.linear(out, x, weight, bias, residual, { ...dims, rows: dims.rows - (dims.rows % 2) }),
    }),
  ],
  [
    "linear",
    "the weight is read untransposed",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        const { inFeatures, outFeatures } = dims;
        const transposed = weight.map((_, i) => {
          const [row, column] = [Math.floor(i / inFeatures), i % inFeatures];
          return weight[column * outFeatures + row]!;
        });
        right.linear(out, x, transposed, bias, residual, dims);
      },
    }),
  ],
  [
    "linear",
    "the bias is off by a millionth",
    mutant({
      linear: (out, x, weight, bias, residual, dims) =>
        right.linear(out, x, weight, bias?.map((b) => b + 1e-6) ?? null, residual, dims),
    }),
  ],
  [
    "linear: activation",
    "the residual is added before the activation",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, bias, residual, { ...dims, activation: null });
        const { activation, rows, outFeatures } = dims;
        if (activation !== null) right.activation(out, out, { activation, length: rows * outFeatures });
      },
    }),
  ],
  [
    "linear: activation",
    "the bias is added after the activation",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, null, residual, dims);
        const { rows, outFeatures } = dims;
        for (let i = 0; i < rows * outFeatures; i++) out[i]! += bias?.[i % outFeatures] ?? 0;
      },
    }),
  ],
  [
    "linear: the residual may be",
    "the output is cleared before the residual is read",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        out.fill(0, 0, dims.rows * dims.outFeatures);
        right.linear(out, x, weight, bias, residual, dims);
      },
    }),
  ],
  [
    "linear: a row gives the same bits",
    "single rows are summed backwards in f32",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, bias, residual, dims);
        const { rows, inFeatures, outFeatures, activation } = dims;
        if (rows !== 1 || activation !== null || residual !== null) return;
        for (let column = 0; column < outFeatures; column++) {
          let sum = 0;
          for (let i = inFeatures - 1; i >= 0; i--) {
            sum = Math.fround(sum + Math.fround(x[i]! * weight[column * inFeatures + i]!));
          }
          out[column] = sum + (bias?.[column] ?? 0);
        }
      },
    }),
  ],
  [
    "linear",
    "one element too many is written",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, bias, residual, dims);
        out[dims.rows * dims.outFeatures] = 0;
      },
    }),
  ],
  [
    "linear",
    "the input is used as scratch memory",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, bias, residual, dims);
        x[0] = 0;
      },
    }),
  ],
  [
    "linear: the weight may be written",
    "rows beyond the first portion are written at the front",
    new (class extends JsBackend {
      override readonly parameters = new (class extends JsParameters {
        override write(parameter: Parameter, rows: Float32Array, firstRow: number): void {
          super.write(parameter, rows, firstRow % 4);
        }
      })();
    })("mutant", "mutant", right),
  ],
  [
    "linear: the weight may be read straight",
    "what lies beyond the first portion is taken over to the front",
    new (class extends JsBackend {
      override readonly parameters = new (class extends JsParameters {
        override inPlace(parameter: Parameter): InPlaceRows {
          const memory = super.inPlace(parameter).memory.slice();
          const width = (parameter as PackedMatrix).inFeatures;
          const take = (firstRow: number, rows: number) =>
            this.write(parameter, memory.subarray(firstRow * width, (firstRow + rows) * width), firstRow % 4);
          return { memory, take, unit: 1 };
        }
      })();
    })("mutant", "mutant", right),
  ],
  [
    "linear: activation",
    "gelu is the tanh approximation",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        const activation = dims.activation === "gelu" ? "gelu_tanh" : dims.activation;
        right.linear(out, x, weight, bias, residual, { ...dims, activation });
      },
    }),
  ],
  [
    "linear: NaN and infinity",
    "a NaN spoils the row before it, which is padded with it",
    mutant({
      linear: (out, x, weight, bias, residual, dims) => {
        right.linear(out, x, weight, bias, residual, dims);
        const { rows, inFeatures, outFeatures } = dims;
        if (inFeatures % 4 === 0) return;
        for (let i = 0; i < rows * outFeatures; i++) {
          out[i]! += 0 * x[(Math.floor(i / outFeatures) + 1) * inFeatures]!;
        }
      },
    }),
  ],
  [
    "layerNorm: eps stands under",
    "eps stands outside the root",
    mutant({
      layerNorm: (out, x, weight, bias, { rows, width, eps }) => {
        for (let start = 0; start < rows * width; start += width) {
          const row = x.slice(start, start + width);
          const mean = row.reduce((sum, v) => sum + v, 0) / width;
          const deviation = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width);
          for (let i = 0; i < width; i++) {
            out[start + i] = ((row[i]! - mean) / (deviation + eps)) * weight[i]! + bias[i]!;
          }
        }
      },
    }),
  ],
  [
    "layerNorm",
    "the variance is divided by n − 1",
    mutant({
      layerNorm: (out, x, weight, bias, dims) => {
        const correction = Math.sqrt((dims.width - 1) / dims.width);
        right.layerNorm(
          out,
          x,
          weight.map((w) => w * correction),
          bias,
          dims,
        );
      },
    }),
  ],
  [
    "layerNorm: a large mean",
    "the variance is the mean of squares less the square of the mean, in f32",
    mutant({
      layerNorm: (out, x, weight, bias, { rows, width, eps }) => {
        for (let start = 0; start < rows * width; start += width) {
          const row = x.slice(start, start + width);
          const mean = row.reduce((sum, v) => Math.fround(sum + v), 0) / width;
          const squares = row.reduce((sum, v) => Math.fround(sum + v * v), 0) / width;
          const scale = 1 / Math.sqrt(Math.fround(squares - mean * mean) + eps);
          for (let i = 0; i < width; i++) out[start + i] = (row[i]! - mean) * scale * weight[i]! + bias[i]!;
        }
      },
    }),
  ],
  [
    "attention: large scores",
    "the maximum is not subtracted",
    mutant({ attention: attentionBy((score) => Math.exp(score), { subtractMax: false }) }),
  ],
  [
    "attention: the exponential",
    "the exponential is off by a millionth of its argument",
    mutant({ attention: attentionBy((score) => Math.exp(score * (1 + 1e-6))) }),
  ],
  [
    "attention: the exponential",
    "the exponential gives up a little early",
    mutant({ attention: attentionBy((score) => (score < -80 ? 0 : Math.exp(score))) }),
  ],
  [
    "attention: a relative bias",
    "the relative bias is read as query minus key",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) => {
        const row = 2 * dims.span - 1;
        const mirrored =
          bias?.map((_, i) => bias[Math.floor(i / row) * row + row - 1 - (i % row)] ?? Number.NaN) ?? null;
        right.attention(out, q, k, v, offsets, mirrored, dims);
      },
    }),
  ],
  [
    "attention: a relative bias",
    "all heads read the first head's relative bias",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) => {
        const first = bias?.map((_, i) => bias[i % (2 * dims.span - 1)] ?? Number.NaN) ?? null;
        right.attention(out, q, k, v, offsets, first, dims);
      },
    }),
  ],
  [
    "attention: no sequence sees another",
    "all sequences are one",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) =>
        right.attention(out, q, k, v, Int32Array.of(0, offsets.at(-1)!), bias, dims),
    }),
  ],
  [
    "attention",
    "the boundaries are those of sequences without empty ones, one row late",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) => {
        const width = dims.heads * dims.headDim;
        right.attention(out, q, k, v, offsets, bias, dims);
        for (let i = 0; i + 1 < offsets.length; i++) {
          if (offsets[i] === offsets[i + 1]) out.fill(0, offsets[i]! * width, (offsets[i]! + 1) * width);
        }
      },
    }),
  ],
  [
    "attention: heads share",
    "query heads take turns with the key heads",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) => {
        const { heads, kvHeads, headDim } = dims;
        const spread = (values: Float32Array) =>
          Float32Array.from({ length: (values.length / kvHeads) * heads }, (_, i) => {
            const [token, head] = [Math.floor(i / (heads * headDim)), Math.floor(i / headDim) % heads];
            return values[(token * kvHeads + (head % kvHeads)) * headDim + (i % headDim)]!;
          });
        right.attention(out, q, spread(k), spread(v), offsets, bias, { ...dims, kvHeads: heads });
      },
    }),
  ],
  [
    "attention: a mask hides",
    "a window is one token short behind",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) =>
        right.attention(out, q, k, v, offsets, bias, { ...dims, before: Math.max(0, dims.before - 1) }),
    }),
  ],
  [
    "attention: a mask hides",
    "no token sees those behind it",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) =>
        right.attention(out, q, k, v, offsets, bias, { ...dims, after: 0 }),
    }),
  ],
  [
    "attention: what a query does not see",
    "hidden keys keep a small weight",
    mutant({
      attention: (out, q, k, v, offsets, bias, dims) => {
        right.attention(out, q, k, v, offsets, bias, dims);
        const { heads, headDim, kvHeads, before } = dims;
        if (before < offsets.at(-1)! - 1)
          out[heads * headDim * offsets.at(-1)! - 1]! += 1e-30 * v[kvHeads * headDim - 1]!;
      },
    }),
  ],
  [
    "rmsNorm",
    "the mean is subtracted",
    mutant({
      rmsNorm: (out, x, weight, dims) => right.layerNorm(out, x, weight, new Float32Array(dims.width), dims),
    }),
  ],
  [
    "rmsNorm: eps stands under",
    "eps stands outside the root",
    mutant({
      rmsNorm: (out, x, weight, { rows, width, eps }) => {
        for (let start = 0; start < rows * width; start += width) {
          const row = x.slice(start, start + width);
          const root = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / width);
          for (let i = 0; i < width; i++) out[start + i] = (row[i]! / (root + eps)) * weight[i]!;
        }
      },
    }),
  ],
  [
    "rmsNorm",
    "the mean square is divided by n − 1",
    mutant({
      rmsNorm: (out, x, weight, dims) => {
        const correction = Math.sqrt((dims.width - 1) / dims.width);
        const smaller = weight.map((w) => w * correction);
        right.rmsNorm(out, x, smaller, dims);
      },
    }),
  ],
  [
    "rotary",
    "it turns the other way",
    mutant({
      rotary: (out, x, cosines, sines, positions, dims) => {
        const negative = sines.map((sine) => -sine);
        right.rotary(out, x, cosines, negative, positions, dims);
      },
    }),
  ],
  [
    "rotary",
    "positions are those of the batch",
    mutant({
      rotary: (out, x, cosines, sines, positions, dims) => {
        const counted = positions.map((_, row) => row % 40);
        right.rotary(out, x, cosines, sines, counted, dims);
      },
    }),
  ],
  [
    "rotary",
    "neighbours are turned instead of halves",
    mutant({
      rotary: (out, x, cosines, sines, positions, { rows, heads, headDim }) => {
        const half = headDim / 2;
        for (let i = 0; i < (rows * heads * headDim) / 2; i++) {
          const angle = positions[Math.floor(i / half / heads)]! * half + (i % half);
          const [a, b] = [x[2 * i]!, x[2 * i + 1]!];
          out[2 * i] = a * cosines[angle]! - b * sines[angle]!;
          out[2 * i + 1] = b * cosines[angle]! + a * sines[angle]!;
        }
      },
    }),
  ],
  [
    "rotary: the output may be",
    "the first half is overwritten before the second reads it",
    mutant({
      rotary: (out, x, cosines, sines, positions, dims) => {
        const before = x.slice();
        right.rotary(out, before, cosines, sines, positions, dims);
        if (out !== x) return;
        const half = dims.headDim / 2;
        for (let i = half; i < dims.headDim; i++) {
          const angle = positions[0]! * half + i - half;
          out[i] = before[i]! * cosines[angle]! + out[i - half]! * sines[angle]!;
        }
      },
    }),
  ],
  [
    "gatedProduct: halves",
    "the first half is always the gate",
    mutant({
      gatedProduct: (out, gate, up, dims) => {
        const { gateColumn, upColumn } = dims;
        const [first, second] = gateColumn > upColumn ? [upColumn, gateColumn] : [gateColumn, upColumn];
        right.gatedProduct(out, gate, up, { ...dims, gateColumn: first, upColumn: second });
      },
    }),
  ],
  [
    "gatedProduct",
    "the factor is activated, not the gate",
    mutant({
      gatedProduct: (out, gate, up, dims) => right.gatedProduct(out, up, gate, dims),
    }),
  ],
  [
    "gatedProduct",
    "gelu is the tanh approximation",
    mutant({
      gatedProduct: (out, gate, up, dims) => {
        const activation = dims.activation === "gelu" ? "gelu_tanh" : dims.activation;
        right.gatedProduct(out, gate, up, { ...dims, activation });
      },
    }),
  ],
  [
    "pool: mean over",
    "the mean's divisor is one too large",
    mutant({
      pool: (out, x, starts, ends, dims) => {
        right.pool(out, x, starts, ends, dims);
        if (dims.reduction !== "mean") return;
        for (const [i, start] of starts.entries()) {
          const n = Math.max(ends[i]! - start - dims.skip, 0);
          for (let c = 0; c < dims.width; c++) out[i * dims.outStride + dims.outColumn + c]! *= n / (n + 1);
        }
      },
    }),
  ],
  [
    "pool: weighted_mean over",
    "the weights of the weighted mean begin after the skipped rows",
    mutant({
      pool: (out, x, starts, ends, dims) => {
        const weighted = dims.reduction === "weighted_mean";
        const moved = starts.map((start, i) => Math.min(start + dims.skip, ends[i]!));
        right.pool(out, x, weighted ? moved : starts, ends, weighted ? { ...dims, skip: 0 } : dims);
      },
    }),
  ],
  [
    "pool: max over",
    "a maximum is never below 0",
    mutant({
      pool: (out, x, starts, ends, dims) => {
        right.pool(out, x, starts, ends, dims);
        if (dims.reduction !== "max") return;
        for (let i = 0; i < starts.length * dims.outStride; i++) out[i] = Math.max(out[i]!, 0);
      },
    }),
  ],
  [
    "pool: first over",
    "the first row is taken without regard to the skipped ones",
    mutant({
      pool: (out, x, starts, ends, dims) =>
        right.pool(out, x, starts, ends, dims.reduction === "first" ? { ...dims, skip: 0 } : dims),
    }),
  ],
  [
    "pool: mean_sqrt_length over",
    "mean_sqrt_length is the mean",
    mutant({
      pool: (out, x, starts, ends, dims) => {
        const reduction = dims.reduction === "mean_sqrt_length" ? "mean" : dims.reduction;
        right.pool(out, x, starts, ends, { ...dims, reduction });
      },
    }),
  ],
  [
    "pool: mean writes its own",
    "the columns of other results are cleared",
    mutant({
      pool: (out, x, starts, ends, dims) => {
        out.fill(0, 0, starts.length * dims.outStride);
        right.pool(out, x, starts, ends, dims);
      },
    }),
  ],
  [
    "normalizeRows: rows shorter",
    "1e-12 is not there",
    mutant({
      normalizeRows: (out, x, { rows, width }) => {
        for (let start = 0; start < rows * width; start += width) {
          const row = x.slice(start, start + width);
          for (let i = 0; i < width; i++) out[start + i] = row[i]! / Math.hypot(...row);
        }
      },
    }),
  ],
  [
    "normalizeRows",
    "the last column is left out of the length",
    mutant({
      normalizeRows: (out, x, { rows, width }) => {
        for (let start = 0; start < rows * width; start += width) {
          const row = x.slice(start, start + width);
          const length = Math.max(Math.hypot(...row.subarray(0, width - 1)), 1e-12);
          for (let i = 0; i < width; i++) out[start + i] = row[i]! / length;
        }
      },
    }),
  ],
  [
    "embeddingSum",
    "the last table is left out",
    mutant({
      embeddingSum: (out, tables, ids, dims) =>
        right.embeddingSum(out, tables.slice(0, Math.max(tables.length - 1, 1)), ids, dims),
    }),
  ],
  [
    "embeddingSum",
    "all tables are read at the first one's ids",
    mutant({
      embeddingSum: (out, tables, ids, dims) =>
        right.embeddingSum(
          out,
          tables,
          tables.map(() => ids[0]!),
          dims,
        ),
    }),
  ],
  [
    "activation: gelu is right",
    "erf is off by 3e-7",
    mutant({
      activation: (out, x, dims) => {
        const { activation: name, length } = dims;
        const values = x.slice(0, length);
        right.activation(out, x, dims);
        if (name === "gelu") for (let i = 0; i < length; i++) out[i]! += 0.5 * values[i]! * 3e-7;
      },
    }),
  ],
  [
    "activation: silu is right",
    "silu is x · e^x / (1 + e^x), which overflows",
    mutant({
      activation: (out, x, dims) => {
        const { activation: name, length } = dims;
        const values = x.slice(0, length);
        right.activation(out, x, dims);
        if (name !== "silu") return;
        for (let i = 0; i < length; i++) {
          const exponential = Math.exp(values[i]!);
          out[i] = (values[i]! * exponential) / (1 + exponential);
        }
      },
    }),
  ],
  [
    "activation: relu of NaN",
    "relu of NaN is 0",
    mutant({
      activation: (out, x, dims) => {
        const { activation: name, length } = dims;
        right.activation(out, x, dims);
        if (name === "relu") for (let i = 0; i < length; i++) if (Number.isNaN(out[i]!)) out[i] = 0;
      },
    }),
  ],
  [
    "activation: silu gives the same bits",
    "the last elements, behind the vectors of four, are rounded differently",
    mutant({
      activation: (out, x, dims) => {
        const { length } = dims;
        right.activation(out, x, dims);
        for (let i = length - (length % 4); i < length; i++) out[i]! *= 1 + 2 ** -23;
      },
    }),
  ],
  [
    "add",
    "the last elements, behind the vectors of four, are not written",
    mutant({ add: (out, a, b, { length }) => right.add(out, a, b, { length: length - (length % 4) }) }),
  ],
  [
    "add: denormal",
    "denormal numbers are flushed",
    mutant({
      add: (out, a, b, dims) => {
        const { length } = dims;
        right.add(out, a, b, dims);
        for (let i = 0; i < length; i++) if (Math.abs(out[i]!) < 2 ** -126) out[i] = 0;
      },
    }),
  ],
  [
    "storage: read and write copy",
    "read gives a view",
    new (class extends JsBackend {
      readonly #views = new Map<Storage, readonly ReadPiece[]>();
      override readSync(storage: Storage, pieces: readonly ReadPiece[]): void {
        super.readSync(storage, [...(this.#views.get(storage) ?? []), ...pieces]);
        this.#views.set(storage, pieces);
      }
    })("mutant", "mutant", right),
  ],
  [
    "storage: what is written",
    "write begins at the front",
    new (class extends JsBackend {
      override write(storage: Storage, values: Float32Array): void {
        super.write(storage, values, 0);
      }
    })("mutant", "mutant", right),
  ],
];

/** Attention with another exponential, or without the maximum, on an otherwise plain softmax. */
function attentionBy(
  exponential: (score: number) => number,
  { subtractMax = true } = {},
): ArrayKernels["attention"] {
  return (out, q, k, v, offsets, bias, dims) => {
    const { heads, kvHeads, headDim, scale, span, before, after } = dims;
    const width = heads * headDim;
    const kvWidth = kvHeads * headDim;
    for (let s = 0; s + 1 < offsets.length; s++) {
      for (let h = 0; h < heads; h++) {
        for (let i = offsets[s]!; i < offsets[s + 1]!; i++) {
          const own = i * width + h * headDim;
          const shared = Math.floor((h * kvHeads) / heads) * headDim;
          const first = Math.max(offsets[s]!, i - before);
          const end = Math.min(offsets[s + 1]!, i + after + 1);
          const scores: number[] = [];
          for (let j = first; j < end; j++) {
            let score = bias?.[h * (2 * span - 1) + span - 1 + j - i] ?? 0;
            for (let d = 0; d < headDim; d++) score += q[own + d]! * k[j * kvWidth + shared + d]! * scale;
            scores.push(score);
          }
          const max = subtractMax ? Math.max(...scores) : 0;
          const weights = scores.map((score) => exponential(score - max));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (let d = 0; d < headDim; d++) {
            out[own + d] = weights.reduce(
              (sum, weight, n) => sum + (weight / total) * v[(first + n) * kvWidth + shared + d]!,
              0,
            );
          }
        }
      }
    }
  };
}

async function failsIn(backend: Backend, cases: string): Promise<boolean> {
  const selected = CONFORMANCE_CASES.filter((entry) => entry.name.startsWith(cases));
  assert.ok(selected.length > 0, `no case begins with "${cases}"`);
  for (const { name, run } of selected) {
    try {
      await run(backend);
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError, `"${name}" broke down: ${error}`);
      return true;
    }
  }
  return false;
}

test("the conformance suite passes attention with a softmax written in another way", async () => {
  const plain = mutant({ attention: attentionBy(Math.exp) });
  assert.equal(await failsIn(plain, "attention"), false);
});

for (const [cases, mistake, backend] of MUTANTS) {
  test(`conformance, "${cases} …" notices: ${mistake}`, async () => {
    assert.equal(await failsIn(backend, cases), true);
  });
}
