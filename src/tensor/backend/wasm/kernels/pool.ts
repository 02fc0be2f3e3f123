import {
  type Expression,
  type FunctionBuilder,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  select,
  v128,
} from "../../../../wasm-assembler/index.ts";
import { type PoolingReduction, REDUCTIONS } from "../../../kernel-table.ts";
import { demote, promote } from "./doubles.ts";
import { wasmKernel } from "./kernel.ts";
import { switchOn } from "./switch-on.ts";
import type { Vector } from "./vector.ts";

/** The least that a sum is divided by: without a row that counts, sums are 0, as in the reference. */
const MIN_DIVISOR = 1e-9;

interface Rows {
  /** Address of the four columns in the sequence's first row. */
  readonly start: Local<"i32">;
  /** The same of the first row that counts, and of the row behind the last. */
  readonly from: Local<"i32">;
  readonly end: Local<"i32">;
  /** Bytes from row to row. */
  readonly stride: Local<"i32">;
  readonly skip: Local<"i32">;
}

/** One row a sequence, four columns at a time; sums in f64 until the last rounding. */
export const pool = wasmKernel("pool", {
  extras: ["sequences", "skipped"],
  derive: ({ x, starts }, { skip, width }) => [
    starts.length,
    Math.min(skip, Math.floor(x.length / width)), // more would overflow an address
  ],
  define:
    ({ storeTail }) =>
    (f, p) => {
      const stride = f.let("stride", i32.shl(p.width, 2));
      const outStride = f.let("out_stride", i32.shl(p.outStride, 2));
      f.increment(p.out, i32.shl(p.outColumn, 2));
      const start = f.local("i32", "start");
      const from = f.local("i32", "from");
      const end = f.local("i32", "end");
      const column = f.local("i32", "column");
      const left = f.local("i32", "left");
      const to = f.local("i32", "to");
      const result = f.local("v128", "result");
      const row = (index: Expression<"i32">) => i32.add(i32.add(p.x, column), i32.mul(index, stride));

      f.while(p.sequences, () => {
        f.for(column, { from: 0, below: stride, step: 16 }, () => {
          start.set(row(i32.load(p.starts)));
          end.set(row(i32.load(p.ends)));
          from.set(i32.add(start, i32.mul(p.skipped, stride)));
          from.set(select(from, end, i32.lt_u(from, end)));
          reduce(f, i32.sub(p.reduction, 1), result, { start, from, end, stride, skip: p.skipped });

          to.set(i32.add(p.out, column));
          left.set(i32.shr_u(i32.sub(stride, column), 2));
          f.if(
            i32.ge_u(left, 4),
            () => f.v128.store(to, result),
            () => f.call(storeTail, { address: to, value: result, count: left }),
          );
        });
        f.increment(p.out, outStride);
        for (const pointer of [p.starts, p.ends]) f.increment(pointer, 4);
        p.sequences.set(i32.sub(p.sequences, 1));
      });
    },
});

function reduce(f: FunctionBuilder, number: Expression<"i32">, result: Local<"v128">, rows: Rows): void {
  const { start, from, end, stride } = rows;
  const count = f64.convert_i32_u(i32.div_u(i32.sub(end, from), stride));
  result.set(v128.const("f32x4", 0));
  const cases: Readonly<Record<PoolingReduction, () => void>> = {
    first: () =>
      f.if(i32.lt_u(start, end), () => {
        result.set(v128.load(select(from, start, i32.lt_u(from, end))));
      }),
    last: () => f.if(i32.lt_u(from, end), () => result.set(v128.load(i32.sub(end, stride)))),
    max: () => {
      result.set(v128.const("f32x4", Number.NEGATIVE_INFINITY));
      f.while(i32.lt_u(from, end), () => {
        result.set(f32x4.max(result, v128.load(from)));
        f.increment(from, stride);
      });
    },
    mean: () => meanOf(f, result, rows, f64.max(count, MIN_DIVISOR)),
    mean_sqrt_length: () => meanOf(f, result, rows, f64.sqrt(f64.max(count, MIN_DIVISOR))),
    weighted_mean: () => weightedMean(f, result, rows),
  };
  switchOn(
    f,
    number,
    REDUCTIONS.map((name) => cases[name]),
  );
}

function meanOf(
  f: FunctionBuilder,
  result: Local<"v128">,
  { from, end, stride }: Rows,
  divisor: Expression<"f64">,
): void {
  const divisors = f.let("divisors", f64x2.splat(divisor)); // before `from` moves
  const sums = sumRows(f, { from, end, stride }, (part) => part);
  result.set(demote(f64x2.div(sums[0]!, divisors), f64x2.div(sums[1]!, divisors)));
}

/** Row p of the sequence, counted from its start, weighs p + 1. */
function weightedMean(f: FunctionBuilder, result: Local<"v128">, { from, end, stride, skip }: Rows): void {
  const weight = f.let("weight", f64x2.splat(f64.convert_i32_u(i32.add(skip, 1))));
  const weights = f.let("weights", f64x2.splat(0));
  const sums = sumRows(
    f,
    { from, end, stride },
    (part) => f64x2.mul(part, weight),
    () => {
      weights.set(f64x2.add(weights, weight));
      weight.set(f64x2.add(weight, v128.const("f64x2", 1)));
    },
  );
  weights.set(f64x2.max(weights, v128.const("f64x2", MIN_DIVISOR)));
  result.set(demote(f64x2.div(sums[0]!, weights), f64x2.div(sums[1]!, weights)));
}

function sumRows(
  f: FunctionBuilder,
  { from, end, stride }: Pick<Rows, "from" | "end" | "stride">,
  term: (part: Vector) => Vector,
  after?: () => void,
): readonly Local<"v128">[] {
  const value = f.local("v128", "value");
  const sums = f.locals("v128", "sum", 2);
  for (const sum of sums) sum.set(v128.const("f64x2", 0));
  f.while(i32.lt_u(from, end), () => {
    value.set(v128.load(from));
    for (const [half, part] of promote(value).entries()) sums[half]!.set(f64x2.add(sums[half]!, term(part)));
    after?.();
    f.increment(from, stride);
  });
  return sums;
}
