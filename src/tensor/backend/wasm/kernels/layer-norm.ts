import { f32, f32x4, f64, f64x2, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { sumRow } from "./doubles.ts";
import { wasmKernel } from "./kernel.ts";

/**
 * Each row normalized to mean 0 and variance 1, then · weight + bias; `out` may be `x`. Mean and variance are those
 * of the reference: two passes in f64.
 */
export const layerNorm = wasmKernel("layerNorm", {
  define:
    ({ multiplyAdd, storeTail }) =>
    (f, p) => {
      const count = f.let("count", f64.convert_i32_u(p.width));
      const offset = f.local("i32", "offset");
      const whole = f.let("whole", i32.shl(i32.and(p.width, -4), 2));
      const rest = f.let("rest", i32.and(p.width, 3));
      const mean = f.local("f64", "mean");
      const means = f.local("v128", "means");
      const meanHigh = f.local("v128", "mean_high");
      const meanLow = f.local("v128", "mean_low");
      const scale = f.local("v128", "scale");
      const value = f.local("v128", "value");
      const difference = f.local("f64", "difference");

      f.while(p.rows, () => {
        const sum = sumRow(f, p.x, p.width, { vector: (x) => x, scalar: (x) => x });
        mean.set(f64.div(sum, count));
        means.set(f64x2.splat(mean));
        const squares = sumRow(f, p.x, p.width, {
          vector: (x) => {
            value.set(f64x2.sub(x, means));
            return f64x2.mul(value, value);
          },
          scalar: (x) => {
            difference.set(f64.sub(x, mean));
            return f64.mul(difference, difference);
          },
        });
        const variance = f64.div(squares, count);
        scale.set(f32x4.splat(f32.demote_f64(f64.div(1, f64.sqrt(f64.add(variance, p.eps))))));

        // The mean in two f32: one alone would shift a row whose mean is large beside its differences.
        meanHigh.set(f32x4.splat(f32.demote_f64(mean)));
        const remainder = f64.sub(mean, f64.promote_f32(f32x4.extract_lane(meanHigh, 0)));
        meanLow.set(f32x4.splat(f32.demote_f64(remainder)));
        const normalized = () => {
          const centred = f32x4.sub(f32x4.sub(v128.load(i32.add(p.x, offset)), meanHigh), meanLow);
          return multiplyAdd(
            f32x4.mul(centred, scale),
            v128.load(i32.add(p.weight, offset)),
            v128.load(i32.add(p.bias, offset)),
          );
        };
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
