import { type FunctionBuilder, i8x16, i32, type Local, v128, type WasmFunction } from "../assembler/index.ts";
import type { KernelContext } from "./context.ts";
import { panelWidth } from "./tile.ts";

const PARAMETERS = {
  panels: "i32", // f32 [panels, depth, panel width]
  x: "i32", // f32 [rows, depth]
  xStride: "i32", // bytes from row to row
  firstRow: "i32", // the column of the panels at which row 0 of x belongs
  rows: "i32",
  depth: "i32",
} as const;

export type PackFunction = WasmFunction<typeof PARAMETERS, readonly []>;

/** Copies rows into the columns of panels, which products read from top to bottom. All bits are kept. */
export function definePack({ module, tile }: KernelContext): PackFunction {
  const width = panelWidth(tile);
  const rowBytes = 4 * width;
  const pack = module.function("pack", { parameters: PARAMETERS, results: [] }, (f, p) => {
    const row = f.let("row", p.firstRow);
    const end = f.let("end", i32.add(p.firstRow, p.rows));
    const to = f.local("i32", "to");
    const from = f.local("i32", "from");
    const stop = f.local("i32", "stop");
    const copyOne = (rows: number): void => {
      const pointers = [from];
      for (let r = 1; r < rows; r++) pointers.push(f.let(`row${r}`, i32.add(pointers[r - 1]!, p.xStride)));
      const wholeStop = i32.add(p.x, i32.shl(i32.and(p.depth, -4), 2));
      if (rows === 4) {
        stop.set(wholeStop);
        f.while(i32.lt_u(from, stop), () => {
          const lanes = transpose(
            f,
            pointers.map((pointer) => v128.load(pointer)),
          );
          for (const [k, lane] of lanes.entries()) f.v128.store(to, lane, rowBytes * k);
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
  module.export("pack", pack);
  return pack;
}

/** The columns of four rows of four. */
function transpose(
  f: FunctionBuilder,
  rows: readonly ReturnType<typeof v128.load>[],
): readonly Local<"v128">[] {
  const [a, b, c, d] = rows.map((row, i) => f.let(`in${i}`, row));
  const low = [f.let("ab_low", interleave(a!, b!, 0)), f.let("cd_low", interleave(c!, d!, 0))] as const;
  const high = [f.let("ab_high", interleave(a!, b!, 2)), f.let("cd_high", interleave(c!, d!, 2))] as const;
  return [low, high].flatMap(([ab, cd]) => [
    f.let("out", i8x16.shuffle(ab, cd, lanes(0, 1, 4, 5))),
    f.let("out", i8x16.shuffle(ab, cd, lanes(2, 3, 6, 7))),
  ]);
}

/** [x[lane], y[lane], x[lane + 1], y[lane + 1]] */
function interleave(x: Local<"v128">, y: Local<"v128">, lane: number): ReturnType<typeof i8x16.shuffle> {
  return i8x16.shuffle(x, y, lanes(lane, lane + 4, lane + 1, lane + 5));
}

/** The bytes of four lanes of 32 bits: 0 … 3 of the first operand, 4 … 7 of the second. */
function lanes(...four: readonly number[]): number[] {
  return four.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
}
