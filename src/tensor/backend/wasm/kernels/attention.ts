import { call, f32, f32x4, i32, select, v128, type WasmFunction } from "../../../../wasm-assembler/index.ts";
import type { KernelContext } from "./context.ts";
import { wasmKernel } from "./kernel.ts";
import { definePack } from "./pack.ts";
import { defineProduct } from "./product.ts";
import { defineSoftmaxRow } from "./softmax-row.ts";
import { panelWidth } from "./tile.ts";

/** Queries whose scores are held at a time: a multiple of every tile's rows. */
const QUERY_BLOCK = 24;

/** Bytes of scratch memory for a sequence of `length` tokens: keys, values, scores, divisors, result. */
function attentionScratchBytes(length: number, headDim: number, width: number): number {
  const columns = Math.ceil(length / width) * width;
  const headColumns = Math.ceil(headDim / width) * width;
  return 4 * (columns * headDim + length * headColumns + QUERY_BLOCK * (columns + 1 + width));
}

/**
 * Softmax attention, for each sequence and head: keys are packed into panels by columns, values by rows; then for
 * each block of queries scores, softmax, and the weighted sum of the values, which are two products on the tile
 * of `linear`.
 */
export const attention = wasmKernel("attention", {
  extras: ["sequences", "stride", "scratch"],
  derive: ({ offsets }, { heads, headDim }, tile) => {
    let longest = 0;
    for (let i = 1; i < offsets.length; i++) longest = Math.max(longest, offsets[i]! - offsets[i - 1]!);
    return [
      offsets.length - 1,
      4 * heads * headDim, // bytes from token to token, of which a thread computes some heads
      attentionScratchBytes(longest, headDim, panelWidth(tile)),
    ];
  },
  define: (context) => {
    const width = panelWidth(context.tile);
    const product = context.shared(defineProduct);
    const pack = context.shared(definePack);
    const softmaxRow = defineSoftmaxRow(context);
    const copyPanel = defineCopyPanel(context);
    const finish = defineFinish(context);
    return (f, p) => {
      const headBytes = f.let("head_bytes", i32.shl(p.headDim, 2));
      const { stride } = p;
      const biasStride = f.let("bias_stride", i32.sub(i32.shl(p.span, 3), 4));
      const start = f.local("i32", "start");
      const length = f.local("i32", "length");
      const scoreStride = f.local("i32", "score_stride");
      const head = f.local("i32", "head");
      const column = f.local("i32", "column");
      const offset = f.local("i32", "offset");
      const keyPanels = p.scratch;
      const valuePanels = f.local("i32", "value_panels");
      const scores = f.local("i32", "scores");
      const divisors = f.local("i32", "divisors");
      const result = f.local("i32", "result");
      const panel = f.local("i32", "panel");
      const query = f.local("i32", "query");
      const rows = f.local("i32", "rows");
      const row = f.local("i32", "row");
      const score = f.local("i32", "score");
      const rowBias = f.local("i32", "row_bias");

      const packHead = (): void => {
        f.call(pack, {
          panels: keyPanels,
          x: i32.add(p.k, offset),
          xStride: stride,
          firstRow: 0,
          rows: length,
          depth: p.headDim,
        });
        panel.set(valuePanels);
        f.for(column, { from: 0, below: p.headDim, step: width }, () => {
          f.call(copyPanel, {
            panel,
            x: i32.add(i32.add(p.v, offset), i32.shl(column, 2)),
            xStride: stride,
            rows: length,
          });
          f.increment(panel, i32.mul(length, 4 * width));
        });
      };

      const scoreBlock = (): void => {
        panel.set(keyPanels);
        f.for(column, { from: 0, below: length, step: width }, () => {
          f.call(product, {
            a: i32.add(p.q, offset),
            aStride: stride,
            rows,
            panel,
            depth: p.headDim,
            c: i32.add(scores, i32.shl(column, 2)),
            cStride: scoreStride,
            accumulate: 0,
          });
          f.increment(panel, i32.mul(headBytes, width));
        });
      };

      const softmaxBlock = (): void => {
        score.set(scores);
        // Entry span − 1 of the head's row belongs to key = query.
        const own = i32.add(
          p.relativeBias,
          i32.add(i32.mul(head, biasStride), i32.shl(i32.sub(p.span, 1), 2)),
        );
        rowBias.set(select(i32.sub(own, i32.shl(query, 2)), 0, p.relativeBias));
        f.for(row, { from: 0, below: rows }, () => {
          f.f32.store(
            i32.add(divisors, i32.shl(row, 2)),
            call(softmaxRow, { scores: score, length, scale: p.scale, bias: rowBias }),
          );
          f.increment(score, scoreStride);
          f.if(p.relativeBias, () => f.increment(rowBias, -4));
        });
      };

      const valueBlock = (): void => {
        panel.set(valuePanels);
        f.for(column, { from: 0, below: p.headDim, step: width }, () => {
          f.call(product, {
            a: scores,
            aStride: scoreStride,
            rows,
            panel,
            depth: length,
            c: result,
            cStride: 4 * width,
            accumulate: 0,
          });
          f.call(finish, {
            out: i32.add(i32.add(p.out, offset), i32.shl(column, 2)),
            stride,
            c: result,
            divisors,
            rows,
            columns: i32.sub(p.headDim, column),
          });
          f.increment(panel, i32.mul(length, 4 * width));
        });
      };

      f.while(p.sequences, () => {
        start.set(i32.load(p.offsets));
        length.set(i32.sub(i32.load(p.offsets, 4), start));
        scoreStride.set(i32.mul(i32.div_u(i32.add(length, width - 1), width), 4 * width));
        valuePanels.set(i32.add(keyPanels, i32.mul(scoreStride, p.headDim)));
        const headColumns = i32.mul(i32.div_u(i32.add(p.headDim, width - 1), width), 4 * width);
        scores.set(i32.add(valuePanels, i32.mul(length, headColumns)));
        divisors.set(i32.add(scores, i32.mul(scoreStride, QUERY_BLOCK)));
        result.set(i32.add(divisors, 4 * QUERY_BLOCK));

        f.if(length, () =>
          f.for(head, { from: 0, below: p.heads }, () => {
            offset.set(i32.add(i32.mul(start, stride), i32.mul(head, headBytes)));
            packHead();
            f.for(query, { from: 0, below: length, step: QUERY_BLOCK }, () => {
              rows.set(i32.sub(length, query));
              rows.set(select(rows, QUERY_BLOCK, i32.lt_u(rows, QUERY_BLOCK)));
              scoreBlock();
              softmaxBlock();
              valueBlock();
              f.increment(offset, i32.mul(stride, QUERY_BLOCK));
            });
          }),
        );
        f.increment(p.offsets, 4);
        p.sequences.set(i32.sub(p.sequences, 1));
      });
    };
  },
});

const COPY_PANEL_PARAMETERS = { panel: "i32", x: "i32", xStride: "i32", rows: "i32" } as const;

/** Copies a panel's width of each row. What lies beyond the head's columns is copied too, and never stored. */
function defineCopyPanel({
  module,
  tile,
}: KernelContext): WasmFunction<typeof COPY_PANEL_PARAMETERS, readonly []> {
  return module.function("copy-panel", { parameters: COPY_PANEL_PARAMETERS, results: [] }, (f, p) => {
    const end = f.let("end", i32.add(p.panel, i32.mul(p.rows, 4 * panelWidth(tile))));
    f.while(i32.lt_u(p.panel, end), () => {
      for (let v = 0; v < tile.vectors; v++) f.v128.store(p.panel, v128.load(p.x, 16 * v), 16 * v);
      f.increment(p.panel, 4 * panelWidth(tile));
      f.increment(p.x, p.xStride);
    });
  });
}

const FINISH_PARAMETERS = {
  out: "i32",
  stride: "i32",
  c: "i32", // f32 [rows, panel width]
  divisors: "i32", // f32 [rows]
  rows: "i32",
  columns: "i32", // that are left of the head, from this panel on
} as const;

/** Divides each row by the sum of its weights. */
function defineFinish({
  module,
  tile,
  storeTail,
}: KernelContext): WasmFunction<typeof FINISH_PARAMETERS, readonly []> {
  return module.function("attention-finish", { parameters: FINISH_PARAMETERS, results: [] }, (f, p) => {
    const end = f.let("end", i32.add(p.c, i32.mul(p.rows, 4 * panelWidth(tile))));
    const scale = f.local("v128", "scale");
    const value = f.local("v128", "value");
    f.while(i32.lt_u(p.c, end), () => {
      scale.set(f32x4.splat(f32.div(1, f32.load(p.divisors))));
      for (let v = 0; v < tile.vectors; v++) {
        value.set(f32x4.mul(v128.load(p.c, 16 * v), scale));
        f.if(
          i32.ge_u(p.columns, 4 * v + 4),
          () => f.v128.store(p.out, value, 16 * v),
          () =>
            f.if(i32.gt_u(p.columns, 4 * v), () => {
              const count = i32.sub(p.columns, 4 * v);
              f.call(storeTail, { address: i32.add(p.out, 16 * v), value, count });
            }),
        );
      }
      f.increment(p.c, 4 * panelWidth(tile));
      f.increment(p.divisors, 4);
      f.increment(p.out, p.stride);
    });
  });
}
