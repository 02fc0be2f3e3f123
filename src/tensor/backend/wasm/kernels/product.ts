import { f32x4, i32, type Local, select, v128, type WasmFunction } from "../../../../wasm-assembler/index.ts";
import type { KernelContext } from "./context.ts";
import { switchOn } from "./switch-on.ts";
import { BLOCK_DEPTH, panelWidth } from "./tile.ts";
import type { Vector } from "./vector.ts";

/** Smaller products are summed in four blocks, in steps of this. */
const LEAST_BLOCK_DEPTH = 16;

const TILE_PARAMETERS = {
  a: "i32",
  aStride: "i32",
  panel: "i32",
  depth: "i32",
  c: "i32",
  cStride: "i32",
  accumulate: "i32", // 0: c is overwritten; 1: added to
} as const;

type TileFunction = WasmFunction<typeof TILE_PARAMETERS, readonly []>;

export const PRODUCT_PARAMETERS = {
  a: "i32", // f32 [rows, depth]
  aStride: "i32", // bytes from row to row
  rows: "i32",
  panel: "i32", // f32 [depth, panel width]
  depth: "i32",
  c: "i32", // f32 [rows, panel width]
  cStride: "i32", // bytes from row to row
  accumulate: "i32", // 0: c is overwritten; 1: added to
} as const;

export type ProductFunction = WasmFunction<typeof PRODUCT_PARAMETERS, readonly []>;

/**
 * c = a · panel (+ c), for any number of rows. Every element is summed in the same order whatever the number of rows:
 * step by step within a block of depth, then block by block.
 */
export function defineProduct(context: KernelContext): ProductFunction {
  const { module, tile } = context;
  const tiles = Array.from({ length: tile.rows }, (_, i) => defineTile(context, i + 1));
  const panelBytes = 4 * panelWidth(tile);

  return module.function("product", { parameters: PRODUCT_PARAMETERS, results: [] }, (f, p) => {
    const count = f.let("tiles", i32.div_u(i32.add(p.rows, tile.rows - 1), tile.rows));
    f.if(i32.eqz(count), () => f.return());
    // Rows are dealt out evenly: 7 rows are 4 and 3, since a tile of one row is far from full speed.
    const fewer = f.let("fewer", i32.div_u(p.rows, count));
    const longer = f.let("longer", i32.rem_u(p.rows, count));

    const quarter = i32.and(i32.add(i32.shr_u(p.depth, 2), LEAST_BLOCK_DEPTH - 1), -LEAST_BLOCK_DEPTH);
    const block = f.let("block", quarter);
    f.if(i32.gt_u(block, BLOCK_DEPTH), () => block.set(BLOCK_DEPTH));
    f.if(i32.eqz(block), () => block.set(LEAST_BLOCK_DEPTH));
    const depth = f.local("i32", "block_depth");
    const index = f.local("i32", "index");
    const rows = f.local("i32", "tile_rows");
    const a = f.local("i32", "tile_a");
    const c = f.local("i32", "tile_c");
    f.doWhile(() => {
      depth.set(select(p.depth, block, i32.lt_u(p.depth, block)));
      a.set(p.a);
      c.set(p.c);
      f.for(index, { from: 0, below: count }, () => {
        rows.set(i32.add(fewer, i32.lt_u(index, longer)));
        const { aStride, panel, cStride, accumulate } = p;
        const operands = { a, aStride, panel, depth, c, cStride, accumulate };
        switchOn(
          f,
          i32.sub(rows, 1),
          tiles.map((each) => () => f.call(each, operands)),
        );
        f.increment(a, i32.mul(rows, p.aStride));
        f.increment(c, i32.mul(rows, p.cStride));
      });
      f.increment(p.a, i32.shl(depth, 2));
      f.increment(p.panel, i32.mul(depth, panelBytes));
      p.depth.set(i32.sub(p.depth, depth));
      p.accumulate.set(1);
    }, p.depth);
  });
}

/** A function for exactly `rows` rows. */
function defineTile({ module, tile, multiplyAdd }: KernelContext, rows: number): TileFunction {
  const { vectors, unroll, rowsBy } = tile;
  const panelBytes = 16 * vectors;
  const name = `product-${rows}x${4 * vectors}`;
  return module.function(name, { parameters: TILE_PARAMETERS, results: [] }, (f, p) => {
    const sums = f.locals("v128", "sum", rows * vectors);
    const weights = f.locals("v128", "weight", vectors);
    const value = f.local("v128", "value");
    const index = f.local("i32", "index");
    const pointers = [p.a];
    for (let r = 1; r < rows; r++) pointers.push(f.let(`a${r}`, i32.add(pointers[r - 1]!, p.aStride)));

    const step = (k: number): void => {
      for (const [v, weight] of weights.entries()) weight.set(v128.load(p.panel, panelBytes * k + 16 * v));
      for (const [r, pointer] of pointers.entries()) {
        const address = rowsBy === "pointer" ? pointer : i32.add(pointer, index);
        value.set(v128.load32_splat(address, 4 * k));
        for (const [v, weight] of weights.entries()) {
          const sum = sums[r * vectors + v]!;
          sum.set(multiplyAdd(value, weight, sum));
        }
      }
    };
    const steps = (count: number): void => {
      for (let k = 0; k < count; k++) step(k);
      for (const moved of rowsBy === "pointer" ? pointers : [index]) f.increment(moved, 4 * count);
      f.increment(p.panel, panelBytes * count);
    };

    const end = f.let("end", i32.add(p.panel, i32.mul(p.depth, panelBytes)));
    if (unroll > 1) {
      const whole = f.let("whole", i32.add(p.panel, i32.mul(i32.and(p.depth, -unroll), panelBytes)));
      f.while(i32.lt_u(p.panel, whole), () => steps(unroll));
    }
    f.while(i32.lt_u(p.panel, end), () => steps(1));

    const store = (result: (sum: Vector, address: Local<"i32">, offset: number) => Vector): void => {
      for (let r = 0; r < rows; r++) {
        for (let v = 0; v < vectors; v++) {
          f.v128.store(p.c, result(sums[r * vectors + v]!, p.c, 16 * v), 16 * v);
        }
        if (r + 1 < rows) f.increment(p.c, p.cStride);
      }
    };
    f.if(
      p.accumulate,
      () => store((sum, address, offset) => f32x4.add(v128.load(address, offset), sum)),
      () => store((sum) => sum),
    );
  });
}
