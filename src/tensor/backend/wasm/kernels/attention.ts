import {
  call,
  f32,
  f32x4,
  i32,
  type Local,
  type Operand,
  select,
  v128,
  type WasmFunction,
} from "../../../../wasm-assembler/index.ts";
import type { KernelDims } from "../../../kernel-table.ts";
import type { KernelContext } from "./context.ts";
import { wasmKernel } from "./kernel.ts";
import { definePack } from "./pack.ts";
import { defineProduct } from "./product.ts";
import { defineSoftmaxRow } from "./softmax-row.ts";
import { panelWidth } from "./tile.ts";

/** Queries whose scores are held at a time: a multiple of every tile's rows. */
const QUERY_BLOCK = 24;

/** The divisors of a block, and what keeps the memory behind them aligned. */
const DIVISOR_BYTES = 128;

/** Added to the scores of a row in windows: the softmax of a row that begins anywhere clears up to 3 behind its end. */
const ROW_GAP = 16;

/** Bytes of scratch memory for a sequence of `length` tokens: keys, values, divisors, result, scores. */
function attentionScratchBytes(
  length: number,
  { headDim, before, after }: KernelDims<"attention">,
  width: number,
): number {
  const columns = Math.ceil(length / width) * width;
  const headColumns = Math.ceil(headDim / width) * width;
  // The range of keys that a block of queries sees begins at a panel.
  const seen = Math.min(columns, Math.ceil((before + QUERY_BLOCK + after) / width + 1) * width);
  const blockBytes = QUERY_BLOCK * (4 * width + 4 * seen + ROW_GAP);
  return 4 * (columns * headDim + length * headColumns) + DIVISOR_BYTES + blockBytes;
}

/**
 * Softmax attention, for each sequence and head: keys are packed into panels by columns, values by rows; then for
 * each block of queries scores, softmax, and the weighted sum of the values, which are two products on the tile
 * of `linear`. Heads that share keys and values share their panels.
 *
 * A block of queries is multiplied with all keys that any of them sees. The weights of those that a query does not see
 * are 0.
 */
export const attention = wasmKernel("attention", {
  extras: ["sequences", "stride", "firstHead", "group", "scratch"],
  derive: ({ offsets }, dims, tile) => {
    const { heads, kvHeads, headDim } = dims;
    let longest = 0;
    for (let i = 1; i < offsets.length; i++) longest = Math.max(longest, offsets[i]! - offsets[i - 1]!);
    return [
      offsets.length - 1,
      4 * heads * headDim, // bytes from token to token of q and out, of which a thread computes some heads
      0, // heads that come before those of q: k and v have the heads of all
      heads / kvHeads, // that share a key head
      attentionScratchBytes(longest, dims, panelWidth(tile)),
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
      const kvStride = f.let("kv_stride", i32.mul(p.kvHeads, headBytes));
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
      const kvOffset = f.local("i32", "kv_offset");
      const first = f.local("i32", "first");
      const end = f.local("i32", "end");
      const rowFirst = f.local("i32", "row_first");
      const rowEnd = f.local("i32", "row_end");
      const gap = f.local("i32", "gap");

      const packHead = (): void => {
        f.call(pack, {
          panels: keyPanels,
          x: i32.add(p.k, kvOffset),
          xStride: kvStride,
          firstRow: 0,
          rows: length,
          depth: p.headDim,
        });
        panel.set(valuePanels);
        f.for(column, { from: 0, below: p.headDim, step: width }, () => {
          f.call(copyPanel, {
            panel,
            x: i32.add(i32.add(p.v, kvOffset), i32.shl(column, 2)),
            xStride: kvStride,
            rows: length,
          });
          f.increment(panel, i32.mul(length, 4 * width));
        });
      };

      /** The range of keys that `count` queries from `from` on see. */
      const setRange = (
        [least, most]: readonly [Local<"i32">, Local<"i32">],
        from: Operand<"i32">,
        count: Operand<"i32">,
      ): void => {
        least.set(i32.sub(from, p.before));
        f.if(i32.lt_s(least, 0), () => least.set(0));
        most.set(i32.add(i32.add(from, count), p.after));
        f.if(i32.gt_s(most, length), () => most.set(length));
      };

      const scoreBlock = (): void => {
        panel.set(i32.add(keyPanels, i32.mul(first, headBytes)));
        score.set(scores);
        f.for(column, { from: first, below: end, step: width }, () => {
          f.call(product, {
            a: i32.add(p.q, offset),
            aStride: stride,
            rows,
            panel,
            depth: p.headDim,
            c: score,
            cStride: scoreStride,
            accumulate: 0,
          });
          f.increment(panel, i32.mul(headBytes, width));
          f.increment(score, 4 * width);
        });
      };

      const clear = (from: Local<"i32">, below: Local<"i32">): void => {
        f.for(column, { from, below }, () => {
          f.f32.store(i32.add(score, i32.shl(i32.sub(column, first), 2)), 0);
        });
      };

      const softmaxBlock = (): void => {
        score.set(scores);
        f.for(row, { from: 0, below: rows }, () => {
          const own = f.let("own", i32.add(query, row));
          setRange([rowFirst, rowEnd], own, 1);
          // Entry span − 1 of the head's row belongs to key = query.
          const distance = i32.add(i32.sub(p.span, 1), i32.sub(rowFirst, own));
          const rowBias = i32.add(p.relativeBias, i32.add(i32.mul(head, biasStride), i32.shl(distance, 2)));
          f.f32.store(
            i32.add(divisors, i32.shl(row, 2)),
            call(softmaxRow, {
              scores: i32.add(score, i32.shl(i32.sub(rowFirst, first), 2)),
              length: i32.sub(rowEnd, rowFirst),
              scale: p.scale,
              bias: select(rowBias, 0, p.relativeBias),
            }),
          );
          clear(first, rowFirst);
          clear(rowEnd, end);
          f.increment(score, scoreStride);
        });
      };

      const valueBlock = (): void => {
        panel.set(i32.add(valuePanels, i32.mul(first, 4 * width)));
        f.for(column, { from: 0, below: p.headDim, step: width }, () => {
          f.call(product, {
            a: scores,
            aStride: scoreStride,
            rows,
            panel,
            depth: i32.sub(end, first),
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
        gap.set(i32.mul(i32.lt_s(p.before, length), ROW_GAP));
        const columns = f.let("columns", i32.mul(i32.div_u(i32.add(length, width - 1), width), width));
        valuePanels.set(i32.add(keyPanels, i32.mul(columns, headBytes)));
        const headColumns = i32.mul(i32.div_u(i32.add(p.headDim, width - 1), width), 4 * width);
        divisors.set(i32.add(valuePanels, i32.mul(length, headColumns)));
        result.set(i32.add(divisors, DIVISOR_BYTES));
        scores.set(i32.add(result, 4 * width * QUERY_BLOCK));

        f.if(length, () =>
          f.for(head, { from: 0, below: p.heads }, () => {
            offset.set(i32.add(i32.mul(start, stride), i32.mul(head, headBytes)));
            const ofAll = i32.add(p.firstHead, head);
            f.if(i32.or(i32.eqz(head), i32.eqz(i32.rem_u(ofAll, p.group))), () => {
              const kvHead = i32.div_u(ofAll, p.group);
              kvOffset.set(i32.add(i32.mul(start, kvStride), i32.mul(kvHead, headBytes)));
              packHead();
            });
            f.for(query, { from: 0, below: length, step: QUERY_BLOCK }, () => {
              rows.set(i32.sub(length, query));
              rows.set(select(rows, QUERY_BLOCK, i32.lt_u(rows, QUERY_BLOCK)));
              setRange([first, end], query, rows);
              first.set(i32.and(first, -width));
              const panels = i32.div_u(i32.add(i32.sub(end, first), width - 1), width);
              scoreStride.set(i32.add(i32.mul(panels, 4 * width), gap));
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
