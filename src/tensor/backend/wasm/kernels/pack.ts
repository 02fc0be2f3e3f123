import { i32, v128, type WasmFunction } from "../../../../wasm-assembler/index.ts";
import type { KernelContext } from "./context.ts";
import { panelWidth } from "./tile.ts";

export const PACK_PARAMETERS = {
  panels: "i32", // f32 [panels, depth, panel width]
  x: "i32", // f32 [rows, depth]
  xStride: "i32", // bytes from row to row
  firstRow: "i32", // the column of the panels at which row 0 of x belongs
  rows: "i32",
  depth: "i32",
} as const;

export type PackFunction = WasmFunction<typeof PACK_PARAMETERS, readonly []>;

/** Copies rows into the columns of panels, which products read from top to bottom. All bits are kept. */
export function definePack({ module, tile }: KernelContext): PackFunction {
  const width = panelWidth(tile);
  const rowBytes = 4 * width;
  return module.function("pack", { parameters: PACK_PARAMETERS, results: [] }, (f, p) => {
    const row = f.let("row", p.firstRow);
    const end = f.let("end", i32.add(p.firstRow, p.rows));
    const to = f.local("i32", "to");
    const from = f.local("i32", "from");
    const stop = f.local("i32", "stop");
    const column = f.local("v128", "column");
    const copyOne = (rows: number): void => {
      const pointers = [from];
      for (let r = 1; r < rows; r++) pointers.push(f.let(`row${r}`, i32.add(pointers[r - 1]!, p.xStride)));
      const wholeStop = i32.add(p.x, i32.shl(i32.and(p.depth, -4), 2));
      if (rows === 4) {
        stop.set(wholeStop);
        f.while(i32.lt_u(from, stop), () => {
          for (let k = 0; k < 4; k++) {
            // No shuffles: the baseline compiler, which is what runs while a model is loaded, makes eight
            // instructions of each.
            const [first, ...others] = pointers;
            column.set(v128.load32_zero(first!, 4 * k));
            for (const [r, pointer] of others.entries()) {
              column.set(v128.load32_lane(pointer, column, r + 1, 4 * k));
            }
            f.v128.store(to, column, rowBytes * k);
          }
          for (const pointer of pointers) f.increment(pointer, 16);
          f.increment(to, 4 * rowBytes);
        });
      }
      stop.set(i32.add(p.x, i32.shl(p.depth, 2)));
      f.while(i32.lt_u(from, stop), () => {
        for (const [r, pointer] of pointers.entries()) f.i32.store(to, i32.load(pointer), 4 * r);
        for (const pointer of pointers) f.increment(pointer, 4);
        f.increment(to, rowBytes);
      });
      f.increment(row, rows);
      f.increment(p.x, i32.mul(p.xStride, rows));
    };

    f.while(i32.lt_u(row, end), () => {
      const panel = i32.mul(i32.div_u(row, width), i32.mul(p.depth, rowBytes));
      to.set(i32.add(p.panels, i32.add(panel, i32.shl(i32.rem_u(row, width), 2))));
      from.set(p.x);
      const fourFit = i32.and(i32.eqz(i32.and(row, 3)), i32.ge_u(i32.sub(end, row), 4));
      f.if(
        fourFit,
        () => copyOne(4),
        () => copyOne(1),
      );
    });
  });
}

export const PACK_IN_PLACE_PARAMETERS = {
  panels: "i32", // f32 [panels, depth, panel width]; from firstRow on, f32 [rows, depth]
  scratch: "i32", // of one panel
  firstRow: "i32", // a multiple of the panel's width
  rows: "i32",
  depth: "i32",
} as const;

/**
 * Packs rows in place: a panel occupies the same memory as the rows it is made of.
 * So files are read by other threads straight into memory that is touched for the first time, which is most of the
 * work: 11,000 pages for MiniLM-L6.
 */
export function definePackInPlace({
  module,
  tile,
  shared,
}: KernelContext): WasmFunction<typeof PACK_IN_PLACE_PARAMETERS, readonly []> {
  const pack = shared(definePack);
  const width = panelWidth(tile);
  const parameters = PACK_IN_PLACE_PARAMETERS;
  return module.function("packInPlace", { parameters, results: [] }, (f, p) => {
    const row = f.let("row", p.firstRow);
    const end = f.let("end", i32.add(p.firstRow, p.rows));
    const rowBytes = f.let("row_bytes", i32.shl(p.depth, 2));
    const panel = f.let("panel", i32.add(p.panels, i32.mul(row, rowBytes)));
    const count = f.local("i32", "count");
    f.while(i32.lt_u(row, end), () => {
      count.set(i32.sub(end, row));
      f.if(i32.gt_u(count, width), () => count.set(width));
      f.memory.copy(p.scratch, panel, i32.mul(count, rowBytes));
      // Columns that only fill up the last panel: their sums are never stored, but denormals would be slow.
      f.if(i32.lt_u(count, width), () => f.memory.fill(panel, 0, i32.mul(rowBytes, width)));
      f.call(pack, {
        panels: p.panels,
        x: p.scratch,
        xStride: rowBytes,
        firstRow: row,
        rows: count,
        depth: p.depth,
      });
      f.increment(row, width);
      f.increment(panel, i32.mul(rowBytes, width));
    });
  });
}
