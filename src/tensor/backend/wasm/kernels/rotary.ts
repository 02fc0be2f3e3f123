import { f32x4, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { wasmKernel } from "./kernel.ts";

/**
 * The halves of each head turned by the angles of the row's position; `out` may be `x`. Products are rounded before
 * they are added, as in the reference library: the bits are those of float32 there.
 */
export const rotary = wasmKernel("rotary", {
  define:
    ({ storeTail }) =>
    (f, p) => {
      const halfBytes = f.let("half_bytes", i32.shl(p.headDim, 1));
      const whole = f.let("whole", i32.and(halfBytes, -16));
      const rest = f.let("rest", i32.and(i32.shr_u(p.headDim, 1), 3));
      const head = f.local("i32", "head");
      const offset = f.local("i32", "offset");
      const angle = f.local("i32", "angle");
      const [a, b] = [f.local("v128", "a"), f.local("v128", "b")];
      const [cos, sin] = [f.local("v128", "cos"), f.local("v128", "sin")];

      const turned = () => {
        const x = f.let("at", i32.add(p.x, offset));
        a.set(v128.load(x));
        b.set(v128.load(i32.add(x, halfBytes)));
        cos.set(v128.load(i32.add(i32.add(p.cosines, angle), offset)));
        sin.set(v128.load(i32.add(i32.add(p.sines, angle), offset)));
        const to = f.let("to", i32.add(p.out, offset));
        return [
          { address: to, value: f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)) },
          { address: i32.add(to, halfBytes), value: f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)) },
        ];
      };
      f.while(p.rows, () => {
        angle.set(i32.mul(i32.load(p.positions), halfBytes));
        f.for(head, { from: 0, below: p.heads }, () => {
          f.for(offset, { from: 0, below: whole, step: 16 }, () => {
            for (const { address, value } of turned()) f.v128.store(address, value);
          });
          f.if(rest, () => {
            for (const each of turned()) f.call(storeTail, { ...each, count: rest });
          });
          for (const pointer of [p.x, p.out]) f.increment(pointer, i32.shl(p.headDim, 2));
        });
        f.increment(p.positions, 4);
        p.rows.set(i32.sub(p.rows, 1));
      });
    },
});
