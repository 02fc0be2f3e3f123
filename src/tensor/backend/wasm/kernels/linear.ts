import {
  f32x4,
  i32,
  type Local,
  type Operand,
  select,
  v128,
  type WasmFunction,
} from "../../../../wasm-assembler/index.ts";
import { type ActivationFunction, defineActivation } from "./activation.ts";
import type { KernelContext } from "./context.ts";
import { wasmKernel } from "./kernel.ts";
import { defineProduct } from "./product.ts";
import { BLOCK_DEPTH, panelWidth, type Tile } from "./tile.ts";

/** Bytes of the input that are multiplied with one panel after the other: they stay in the L2 cache meanwhile. */
const BLOCK_BYTES = 512 * 1024;

/** Maximum depth of such a block. Deeper blocks hold too few rows to hide the latency of loading weights. */
const MOST_DEPTH = 512;

/** Bytes between the rows of a copied block, so that they do not all compete for the same places of the cache. */
const ROW_GAP = 64;

interface LinearBlocks {
  readonly rows: number;
  /** All of the depth, or a multiple of the depth that products sum in one go. */
  readonly depth: number;
  readonly scratchBytes: number;
}

/** Blocks as large as the cache, in whole tiles, and all of about the same size. */
function linearBlocks(rows: number, depth: number, columns: number, tile: Tile): LinearBlocks {
  const width = panelWidth(tile);
  const depthBlocks = Math.ceil(depth / MOST_DEPTH);
  const blockDepth = Math.ceil(depth / Math.max(depthBlocks, 1) / BLOCK_DEPTH) * BLOCK_DEPTH;
  const most = Math.max(tile.rows, Math.floor(BLOCK_BYTES / (4 * Math.max(blockDepth, 1))));
  const rowBlocks = Math.ceil(rows / most);
  const blockRows = Math.ceil(rows / Math.max(rowBlocks, 1) / tile.rows) * tile.rows;

  const panelBytes = 4 * blockRows * width;
  if (depthBlocks <= 1) return { rows: blockRows, depth, scratchBytes: panelBytes };
  const copyBytes = blockRows * (4 * blockDepth + ROW_GAP);
  const scratchBytes = copyBytes + Math.ceil(columns / width) * panelBytes;
  return { rows: blockRows, depth: blockDepth, scratchBytes };
}

/**
 * out = activation(x · weight + bias) + residual. The products of a block of rows with one panel are finished in
 * scratch memory, which stays in the L1 cache, and then written once. So `residual` may be `out`.
 *
 * Where the depth is cut into blocks, the products with all panels wait in scratch memory until the last block has
 * been added, and each block of x is copied into it. The order of every sum stays that of `product`.
 */
export const linear = wasmKernel("linear", {
  extras: ["blockRows", "blockDepth", "stride", "scratch"],
  derive: (_, { rows, inFeatures, outFeatures }, tile) => {
    const blocks = linearBlocks(rows, inFeatures, outFeatures, tile);
    const stride = 4 * outFeatures; // bytes from row to row of out and residual, of which a thread computes some columns
    return [blocks.rows, blocks.depth, stride, blocks.scratchBytes];
  },
  define: (context) => {
    const width = panelWidth(context.tile);
    const product = context.shared(defineProduct);
    const finish = defineFinish(context, context.shared(defineActivation));
    const copyBlock = defineCopyBlock(context);
    return (f, p) => {
      const xStride = f.let("x_stride", i32.shl(p.inFeatures, 2));
      const copyStride = f.let("copy_stride", i32.add(i32.shl(p.blockDepth, 2), ROW_GAP));
      const rows = f.local("i32", "rows");
      const column = f.local("i32", "column");
      const done = f.local("i32", "depth_done");
      const depth = f.local("i32", "depth_now");
      const panel = f.local("i32", "panel");
      const sums = f.local("i32", "sums");
      const offset = f.local("i32", "offset");
      const at = (pointer: Local<"i32">) => select(i32.add(pointer, offset), 0, pointer);

      const forPanels = (body: () => void): void => {
        f.for(column, { from: 0, below: p.outFeatures, step: width }, body);
      };
      const finishPanel = (): void => {
        offset.set(i32.shl(column, 2));
        f.call(finish, {
          out: i32.add(p.out, offset),
          c: sums,
          bias: at(p.bias),
          residual: at(p.residual),
          rows,
          stride: p.stride,
          columns: i32.sub(p.outFeatures, column),
          activation: p.activation,
        });
      };
      const multiplyPanel = (a: Local<"i32">, aStride: Local<"i32">, accumulate: Operand<"i32">): void => {
        f.call(product, { a, aStride, rows, panel, depth, c: sums, cStride: 4 * width, accumulate });
        f.increment(panel, i32.mul(p.inFeatures, 4 * width));
      };

      const wholeDepth = (): void => {
        depth.set(p.inFeatures);
        panel.set(p.weight);
        sums.set(p.scratch);
        forPanels(() => {
          multiplyPanel(p.x, xStride, 0);
          finishPanel();
        });
      };

      const blockByBlock = (): void => {
        const firstSums = i32.add(p.scratch, i32.mul(p.blockRows, copyStride));
        f.for(done, { from: 0, below: p.inFeatures, step: p.blockDepth }, () => {
          depth.set(i32.sub(p.inFeatures, done));
          depth.set(select(depth, p.blockDepth, i32.lt_u(depth, p.blockDepth)));
          const x = i32.add(p.x, i32.shl(done, 2));
          f.call(copyBlock, { to: p.scratch, toStride: copyStride, x, xStride, rows, depth });
          panel.set(i32.add(p.weight, i32.mul(done, 4 * width)));
          sums.set(firstSums);
          forPanels(() => {
            multiplyPanel(p.scratch, copyStride, i32.ne(done, 0));
            f.increment(sums, i32.mul(rows, 4 * width));
          });
        });
        sums.set(firstSums);
        forPanels(() => {
          finishPanel();
          f.increment(sums, i32.mul(rows, 4 * width));
        });
      };

      f.while(p.rows, () => {
        rows.set(select(p.rows, p.blockRows, i32.lt_u(p.rows, p.blockRows)));
        f.if(i32.le_u(p.inFeatures, p.blockDepth), wholeDepth, blockByBlock);
        f.increment(p.x, i32.mul(rows, xStride));
        offset.set(i32.mul(rows, p.stride));
        f.increment(p.out, offset);
        p.residual.set(at(p.residual));
        p.rows.set(i32.sub(p.rows, rows));
      });
    };
  },
});

const COPY_PARAMETERS = {
  to: "i32",
  toStride: "i32",
  x: "i32",
  xStride: "i32",
  rows: "i32",
  depth: "i32",
} as const;

/** Copies `depth` f32 of each row; up to 15 more, which belong to the gap between the rows. */
function defineCopyBlock({ module }: KernelContext): WasmFunction<typeof COPY_PARAMETERS, readonly []> {
  return module.function("copy-block", { parameters: COPY_PARAMETERS, results: [] }, (f, p) => {
    const offset = f.local("i32", "offset");
    const bytes = f.let("bytes", i32.shl(p.depth, 2));
    f.while(p.rows, () => {
      f.for(offset, { from: 0, below: bytes, step: ROW_GAP }, () => {
        const [from, to] = [i32.add(p.x, offset), i32.add(p.to, offset)];
        for (let at = 0; at < ROW_GAP; at += 16) f.v128.store(to, v128.load(from, at), at);
      });
      f.increment(p.x, p.xStride);
      f.increment(p.to, p.toStride);
      p.rows.set(i32.sub(p.rows, 1));
    });
  });
}

const FINISH_PARAMETERS = {
  out: "i32",
  c: "i32", // f32 [rows, panel width]
  bias: "i32", // or 0
  residual: "i32", // or 0
  rows: "i32",
  stride: "i32", // bytes from row to row of out and residual
  columns: "i32", // that are left of out, from this panel on
  activation: "i32", // its number, or 0
} as const;

/** Bias, activation and residual of one panel. */
function defineFinish(
  context: KernelContext,
  activate: ActivationFunction,
): WasmFunction<typeof FINISH_PARAMETERS, readonly []> {
  const { module, tile, storeTail } = context;
  const width = panelWidth(tile);
  return module.function("linear-finish", { parameters: FINISH_PARAMETERS, results: [] }, (f, p) => {
    const bias = f.locals("v128", "bias", tile.vectors);
    const end = f.let("end", i32.add(p.c, i32.mul(p.rows, 4 * width)));
    f.if(p.bias, () => {
      for (const [v, each] of bias.entries()) each.set(v128.load(p.bias, 16 * v));
    });

    f.if(p.activation, () => {
      const at = f.let("at", p.c);
      f.while(i32.lt_u(at, end), () => {
        for (const [v, each] of bias.entries()) {
          f.v128.store(at, f32x4.add(v128.load(at, 16 * v), each), 16 * v);
        }
        f.increment(at, 4 * width);
      });
      f.call(activate, { out: p.c, x: p.c, activation: p.activation, length: i32.mul(p.rows, width) });
      for (const each of bias) each.set(v128.const("f32x4", 0));
    });

    const value = f.local("v128", "value");
    const rowLoop = (store: (v: number) => void): void => {
      f.while(i32.lt_u(p.c, end), () => {
        for (const [v, each] of bias.entries()) {
          value.set(f32x4.add(v128.load(p.c, 16 * v), each));
          store(v);
        }
        f.increment(p.c, 4 * width);
        f.increment(p.out, p.stride);
        f.increment(p.residual, p.stride);
      });
    };
    const storeWhole = (v: number) => f.v128.store(p.out, value, 16 * v);
    const addResidual = (v: number) => value.set(f32x4.add(value, v128.load(p.residual, 16 * v)));
    const storePart = (v: number): void => {
      f.if(
        i32.ge_u(p.columns, 4 * v + 4),
        () => storeWhole(v),
        () =>
          f.if(i32.gt_u(p.columns, 4 * v), () => {
            f.call(storeTail, {
              address: i32.add(p.out, 16 * v),
              value,
              count: i32.sub(p.columns, 4 * v),
            });
          }),
      );
    };

    f.if(i32.ge_u(p.columns, width), () => {
      f.if(
        p.residual,
        () =>
          rowLoop((v) => {
            addResidual(v);
            storeWhole(v);
          }),
        () => rowLoop(storeWhole),
      );
      f.return();
    });
    f.if(
      p.residual,
      () =>
        rowLoop((v) => {
          addResidual(v);
          storePart(v);
        }),
      () => rowLoop(storePart),
    );
  });
}
