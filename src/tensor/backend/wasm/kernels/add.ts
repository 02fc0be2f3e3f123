import { f32x4, i32, v128 } from "../../../../wasm-assembler/index.ts";
import type { KernelContext } from "./context.ts";

/** out = a + b; `out` may be `a` or `b`. */
export function defineAdd({ module, storeTail }: KernelContext): void {
  const add = module.function(
    "add",
    { parameters: { out: "i32", a: "i32", b: "i32", length: "i32" }, results: [] },
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
  );
  module.export("add", add);
}
