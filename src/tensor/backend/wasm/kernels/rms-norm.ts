import { f32, f32x4, f64, f64x2, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { sumRow } from "./doubles.ts";
import { wasmKernel } from "./kernel.ts";

/** Each row divided by the root of its mean square, then · weight; `out` may be `x`. Squares are summed in f64. */
export const rmsNorm = wasmKernel("rmsNorm", {
  define:
    ({ storeTail }) =>
    (f, p) => {
      const offset = f.local("i32", "offset");
      const whole = f.let("whole", i32.shl(i32.and(p.width, -4), 2));
      const rest = f.let("rest", i32.and(p.width, 3));
      const scale = f.local("v128", "scale");
      const term = f.local("v128", "term");
      const scalarTerm = f.local("f64", "scalar_term");

      f.while(p.rows, () => {
        const squares = sumRow(f, p.x, p.width, {
          vector: (x) => f64x2.mul(term.tee(x), term),
          scalar: (x) => f64.mul(scalarTerm.tee(x), scalarTerm),
        });
        const mean = f64.div(squares, f64.convert_i32_u(p.width));
        scale.set(f32x4.splat(f32.demote_f64(f64.div(1, f64.sqrt(f64.add(mean, p.eps))))));

        const normalized = () =>
          f32x4.mul(f32x4.mul(v128.load(i32.add(p.x, offset)), scale), v128.load(i32.add(p.weight, offset)));
        f.for(offset, { from: 0, below: whole, step: 16 }, () => {
          f.v128.store(i32.add(p.out, offset), normalized());
        });
        f.if(rest, () => {
          f.call(storeTail, { address: i32.add(p.out, offset), value: normalized(), count: rest });
        });

        for (const pointer of [p.x, p.out]) f.increment(pointer, i32.shl(p.width, 2));
        p.rows.set(i32.sub(p.rows, 1));
      });
    },
});
