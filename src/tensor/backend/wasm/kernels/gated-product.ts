import { f32x4, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { defineActivation } from "./activation.ts";
import { wasmKernel } from "./kernel.ts";

/** out = activation(gate) · up, a row at a time: its activations are still in the L1 cache when they are multiplied. */
export const gatedProduct = wasmKernel("gatedProduct", {
  define: ({ shared, storeTail }) => {
    const activate = shared(defineActivation);
    return (f, p) => {
      const offset = f.local("i32", "offset");
      const whole = f.let("whole", i32.shl(i32.and(p.width, -4), 2));
      const rest = f.let("rest", i32.and(p.width, 3));
      const product = () => f32x4.mul(v128.load(i32.add(p.out, offset)), v128.load(i32.add(p.up, offset)));
      const stride = f.let("stride_bytes", i32.shl(p.stride, 2));
      f.increment(p.gate, i32.shl(p.gateColumn, 2));
      f.increment(p.up, i32.shl(p.upColumn, 2));
      f.while(p.rows, () => {
        f.call(activate, { out: p.out, x: p.gate, activation: p.activation, length: p.width });
        f.for(offset, { from: 0, below: whole, step: 16 }, () => {
          f.v128.store(i32.add(p.out, offset), product());
        });
        f.if(rest, () => {
          f.call(storeTail, { address: i32.add(p.out, offset), value: product(), count: rest });
        });
        f.increment(p.out, i32.shl(p.width, 2));
        for (const pointer of [p.gate, p.up]) f.increment(pointer, stride);
        p.rows.set(i32.sub(p.rows, 1));
      });
    };
  },
});
