import { f32x4, i32, v128 } from "../../../../wasm-assembler/index.ts";
import { wasmKernel } from "./kernel.ts";

/** out = a + b; `out` may be `a` or `b`. */
export const add = wasmKernel("add", {
  define:
    ({ storeTail }) =>
    (f, { out, a, b, length }) => {
      const sum = f32x4.add(v128.load(a), v128.load(b));
      const end = f.let("end", i32.add(a, i32.shl(i32.and(length, -4), 2)));
      f.while(i32.lt_u(a, end), () => {
        f.v128.store(out, sum);
        for (const pointer of [out, a, b]) f.increment(pointer, 16);
      });
      const rest = f.let("rest", i32.and(length, 3));
      f.if(rest, () => f.call(storeTail, { address: out, value: sum, count: rest }));
    },
});
