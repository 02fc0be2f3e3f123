import { f64, f64x2, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { demote, promote, sumRow } from "./doubles.ts";
import { wasmKernel } from "./kernel.ts";

/** The least that a row is divided by: a row of zeros stays zeros (torch.nn.functional.normalize). */
const MIN_NORM = 1e-12;

/** Each row divided by its Euclidean length, in f64 until the last rounding; `out` may be `x`. */
export const normalizeRows = wasmKernel("normalizeRows", {
  define:
    ({ storeTail }) =>
    (f, { out, x, rows, width }) => {
      const rest = f.let("rest", i32.and(width, 3));
      const end = f.local("i32", "whole_end");
      const value = f.local("v128", "value");
      const term = f.local("v128", "term");
      const scalarTerm = f.local("f64", "scalar_term");
      const divisor = f.local("v128", "divisor");

      f.while(rows, () => {
        const squares = sumRow(f, x, width, {
          vector: (part) => f64x2.mul(term.tee(part), term),
          scalar: (part) => f64.mul(scalarTerm.tee(part), scalarTerm),
        });
        divisor.set(f64x2.splat(f64.max(f64.sqrt(squares), MIN_NORM)));

        const quotient = () => {
          value.set(v128.load(x));
          const [low, high] = promote(value);
          return demote(f64x2.div(low, divisor), f64x2.div(high, divisor));
        };
        end.set(i32.add(x, i32.shl(i32.and(width, -4), 2)));
        f.while(i32.lt_u(x, end), () => {
          f.v128.store(out, quotient());
          for (const pointer of [x, out]) f.increment(pointer, 16);
        });
        f.if(rest, () => {
          f.call(storeTail, { address: out, value: quotient(), count: rest });
          for (const pointer of [x, out]) f.increment(pointer, i32.shl(rest, 2));
        });
        rows.set(i32.sub(rows, 1));
      });
    },
});
