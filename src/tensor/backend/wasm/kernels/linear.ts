import { f32x4, i32, type Local, select, v128, type WasmFunction } from "../assembler/index.ts";
import type { ActivationFunction } from "./activation.ts";
import type { KernelContext } from "./context.ts";
import { type ProductFunction, panelWidth } from "./tile.ts";

/** Bytes of the input that are multiplied with one panel after the other: they stay in the L2 cache meanwhile. */
const BLOCK_BYTES = 384 * 1024;

/** Rows of a block: as many as fit into the cache, in whole tiles, and all blocks of about the same size. */
export function linearBlockRows(rows: number, depth: number, tileRows: number): number {
  const most = Math.max(tileRows, Math.floor(BLOCK_BYTES / (4 * Math.max(depth, 1))));
  const blocks = Math.ceil(rows / most);
  return Math.ceil(rows / Math.max(blocks, 1) / tileRows) * tileRows;
}

/** Bytes of scratch memory that `linear` needs. */
export function linearScratchBytes(blockRows: number, width: number): number {
  return 4 * blockRows * width;
}

/**
 * out = activation(x · weight + bias) + residual. The products of a block of rows with one panel are finished in
 * scratch memory, which stays in the L1 cache, and then written once. So `residual` may be `out`.
 */
export function defineLinear(
  context: KernelContext,
  product: ProductFunction,
  activation: ActivationFunction,
): void {
  const { module, tile } = context;
  const width = panelWidth(tile);
  const finish = defineFinish(context, activation);
  const linear = module.function(
    "linear",
    {
      parameters: {
        out: "i32", // f32 [rows, columns]
        x: "i32", // f32 [rows, depth]
        weight: "i32", // f32 [panels, depth, panel width]
        bias: "i32", // f32 [columns], or 0
        residual: "i32", // f32 [rows, columns], or 0
        rows: "i32",
        depth: "i32",
        columns: "i32",
        code: "i32", // of the activation
        blockRows: "i32",
        scratch: "i32", // f32 [blockRows, panel width]
        stride: "i32", // bytes from row to row of out and residual
      },
      results: [],
    },
    (f, p) => {
      const aStride = f.let("a_stride", i32.shl(p.depth, 2));
      const panelBytes = f.let("panel_bytes", i32.mul(p.depth, 4 * width));
      const rows = f.local("i32", "rows");
      const column = f.local("i32", "column");
      const panel = f.local("i32", "panel");
      const offset = f.local("i32", "offset");
      const at = (pointer: Local<"i32">) => select(i32.add(pointer, offset), 0, pointer);

      f.while(p.rows, () => {
        rows.set(select(p.rows, p.blockRows, i32.lt_u(p.rows, p.blockRows)));
        panel.set(p.weight);
        f.for(column, { from: 0, below: p.columns, step: width }, () => {
          f.call(product, {
            a: p.x,
            aStride,
            rows,
            panel,
            depth: p.depth,
            c: p.scratch,
            cStride: 4 * width,
          });
          offset.set(i32.shl(column, 2));
          f.call(finish, {
            out: i32.add(p.out, offset),
            c: p.scratch,
            bias: at(p.bias),
            residual: at(p.residual),
            rows,
            stride: p.stride,
            columns: i32.sub(p.columns, column),
            code: p.code,
          });
          f.increment(panel, panelBytes);
        });
        f.increment(p.x, i32.mul(rows, aStride));
        offset.set(i32.mul(rows, p.stride));
        f.increment(p.out, offset);
        p.residual.set(at(p.residual));
        p.rows.set(i32.sub(p.rows, rows));
      });
    },
  );
  module.export("linear", linear);
}

const FINISH_PARAMETERS = {
  out: "i32",
  c: "i32", // f32 [rows, panel width]
  bias: "i32", // or 0
  residual: "i32", // or 0
  rows: "i32",
  stride: "i32", // bytes from row to row of out and residual
  columns: "i32", // that are left of out, from this panel on
  code: "i32",
} as const;

/** Bias, activation and residual of one panel. */
function defineFinish(
  context: KernelContext,
  activation: ActivationFunction,
): WasmFunction<typeof FINISH_PARAMETERS, readonly []> {
  const { module, tile, storeTail } = context;
  const width = panelWidth(tile);
  return module.function("linear-finish", { parameters: FINISH_PARAMETERS, results: [] }, (f, p) => {
    const bias = f.locals("v128", "bias", tile.vectors);
    const end = f.let("end", i32.add(p.c, i32.mul(p.rows, 4 * width)));
    f.if(p.bias, () => {
      for (const [v, each] of bias.entries()) each.set(v128.load(p.bias, 16 * v));
    });

    f.if(p.code, () => {
      const at = f.let("at", p.c);
      f.while(i32.lt_u(at, end), () => {
        for (const [v, each] of bias.entries()) {
          f.v128.store(at, f32x4.add(v128.load(at, 16 * v), each), 16 * v);
        }
        f.increment(at, 4 * width);
      });
      f.call(activation, { out: p.c, x: p.c, code: p.code, length: i32.mul(p.rows, width) });
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
