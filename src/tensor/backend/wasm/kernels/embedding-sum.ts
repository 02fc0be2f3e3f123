import { f32x4, i32, type Local, v128 } from "../../../../wasm-assembler/index.ts";
import { wasmKernel } from "./kernel.ts";
import type { Vector } from "./vector.ts";

/** out[r] = Σ over i of tables[i][ids[i][r]], summed in the order given. */
export const embeddingSum = wasmKernel("embeddingSum", {
  extras: ["count"],
  derive: ({ tables }) => [tables.length],
  define:
    ({ storeTail }) =>
    (f, p) => {
      const stride = f.let("stride", i32.shl(p.width, 2));
      const whole = f.let("whole", i32.shl(i32.and(p.width, -4), 2));
      const rest = f.let("rest", i32.and(p.width, 3));
      const row = f.local("i32", "row");
      const table = f.local("i32", "table");
      const id = f.local("i32", "id");
      const from = f.local("i32", "from");
      const offset = f.local("i32", "offset");

      const copyRow = (value: (loaded: Vector, to: Local<"i32">) => Vector): void => {
        const to = f.let("to", p.out);
        f.for(offset, { from: 0, below: whole, step: 16 }, () => {
          f.v128.store(to, value(v128.load(i32.add(from, offset)), to));
          f.increment(to, 16);
        });
        f.if(rest, () => {
          f.call(storeTail, { address: to, value: value(v128.load(i32.add(from, offset)), to), count: rest });
        });
      };

      f.for(row, { from: 0, below: p.rows }, () => {
        id.set(i32.add(p.ids, i32.shl(row, 2)));
        f.for(table, { from: 0, below: p.count }, () => {
          const start = i32.load(i32.add(p.tables, i32.shl(table, 2)));
          from.set(i32.add(start, i32.mul(i32.load(id), stride)));
          f.if(
            table,
            () => copyRow((loaded, to) => f32x4.add(v128.load(to), loaded)),
            () => copyRow((loaded) => loaded),
          );
          f.increment(id, i32.shl(p.rows, 2));
        });
        f.increment(p.out, stride);
      });
    },
});
