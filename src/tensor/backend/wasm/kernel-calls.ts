/**
 * From the contract's calls to the calls of exported kernels: the same whether they are made at once or recorded
 * for a worker.
 */
import type {
  ActivationName,
  AttentionDims,
  EmbeddingDims,
  EmbeddingTable,
  LayerNormDims,
  LinearDims,
  PackedMatrix,
  PoolDims,
  PooledSequences,
  RowDims,
  Storage,
} from "../../backend.ts";
import { activationCode } from "./kernels/activation.ts";
import { attentionScratchBytes } from "./kernels/attention.ts";
import { linearBlocks } from "./kernels/linear.ts";
import type { Kernels } from "./kernels/module.ts";
import { reductionCode } from "./kernels/pool.ts";
import { panelWidth, type Tile } from "./kernels/tile.ts";

export abstract class KernelCalls {
  protected readonly tile: Tile;

  constructor(tile: Tile) {
    this.tile = tile;
  }

  /** Where a storage lies. @throws TypeError for one of another backend, and for one that was given back. */
  protected abstract address(storage: Storage): number;

  protected abstract matrixAddress(matrix: PackedMatrix): number;

  /** An address, or the rows themselves where they lie outside of linear memory. */
  protected abstract tablePlace(table: EmbeddingTable): number | Float32Array;

  /**
   * Memory for one kernel call: `inputs` bytes that `writeInputs` fills, and `scratch` bytes that the kernel uses.
   * The next call may get the same memory.
   */
  protected abstract reserve(inputs: number, scratch: number): { inputs: number; scratch: number };

  protected abstract writeInputs(address: number, values: Int32Array | Float32Array): void;

  /** Writes an address, which may have to be translated, as an i32. */
  protected abstract writePointer(address: number, pointer: number): void;

  protected abstract call(kernel: keyof Kernels, ...args: number[]): void;

  linear(
    out: Storage,
    x: Storage,
    weight: PackedMatrix,
    bias: Storage | null,
    residual: Storage | null,
    { rows, activation }: LinearDims,
  ): void {
    const { inFeatures, outFeatures } = weight;
    const blocks = linearBlocks(rows, inFeatures, outFeatures, this.tile);
    const { scratch } = this.reserve(0, blocks.scratchBytes);
    this.call(
      "linear",
      this.address(out),
      this.address(x),
      this.matrixAddress(weight),
      this.#optionalAddress(bias),
      this.#optionalAddress(residual),
      rows,
      inFeatures,
      outFeatures,
      activationCode(activation),
      blocks.rows,
      scratch,
      4 * outFeatures,
      blocks.depth,
    );
  }

  embeddingSum(
    out: Storage,
    tables: readonly EmbeddingTable[],
    ids: readonly Int32Array[],
    { rows, width }: EmbeddingDims,
  ): void {
    const places = tables.map((table) => this.tablePlace(table));
    const outside = places.filter((place) => typeof place !== "number").length;
    const integers = new Int32Array(tables.length * rows);
    const pointers = this.reserve(4 * (tables.length + integers.length + outside * rows * width), 0).inputs;
    const rowIds = pointers + 4 * tables.length;

    let gathered = rowIds + 4 * integers.length;
    for (const [t, place] of places.entries()) {
      const own = integers.subarray(t * rows, (t + 1) * rows);
      if (typeof place === "number") {
        this.writePointer(pointers + 4 * t, place);
        own.set(ids[t]!);
        continue;
      }
      // Rows of a table outside come one after the other, in the order in which they are wanted.
      this.writePointer(pointers + 4 * t, gathered);
      this.writeInputs(gathered, gatherRows(place, ids[t]!, width));
      for (let row = 0; row < rows; row++) own[row] = row;
      gathered += 4 * rows * width;
    }
    this.writeInputs(rowIds, integers);
    this.call("embeddingSum", this.address(out), pointers, rowIds, tables.length, rows, width);
  }

  layerNorm(
    out: Storage,
    x: Storage,
    weight: Storage,
    bias: Storage,
    { rows, width, eps }: LayerNormDims,
  ): void {
    const [to, from] = [this.address(out), this.address(x)];
    this.call("layerNorm", to, from, this.address(weight), this.address(bias), rows, width, eps);
  }

  attention(
    out: Storage,
    q: Storage,
    k: Storage,
    v: Storage,
    offsets: Int32Array,
    relativeBias: Storage | null,
    { heads, headDim, scale, span }: AttentionDims,
  ): void {
    let longest = 0;
    for (let i = 1; i < offsets.length; i++) longest = Math.max(longest, offsets[i]! - offsets[i - 1]!);
    const { inputs, scratch } = this.reserve(
      4 * offsets.length,
      attentionScratchBytes(longest, headDim, panelWidth(this.tile)),
    );
    this.writeInputs(inputs, offsets);
    this.call(
      "attention",
      this.address(out),
      this.address(q),
      this.address(k),
      this.address(v),
      inputs,
      offsets.length - 1,
      this.#optionalAddress(relativeBias),
      heads,
      headDim,
      scale,
      span,
      scratch,
      4 * heads * headDim,
    );
  }

  activation(out: Storage, x: Storage, activation: ActivationName, length: number): void {
    this.call("activation", this.address(out), this.address(x), activationCode(activation), length);
  }

  add(out: Storage, a: Storage, b: Storage, length: number): void {
    this.call("add", this.address(out), this.address(a), this.address(b), length);
  }

  pool(
    out: Storage,
    x: Storage,
    { starts, ends, skip }: PooledSequences,
    { reduction, width, outStride, outColumn }: PoolDims,
  ): void {
    const count = starts.length;
    const { inputs } = this.reserve(8 * count, 0);
    this.writeInputs(inputs, starts);
    this.writeInputs(inputs + 4 * count, ends);
    this.call(
      "pool",
      this.address(out) + 4 * outColumn,
      this.address(x),
      inputs,
      inputs + 4 * count,
      count,
      Math.min(skip, Math.floor(x.length / width)), // more would overflow an address
      reductionCode(reduction),
      width,
      4 * outStride,
    );
  }

  normalizeRows(out: Storage, x: Storage, { rows, width }: RowDims): void {
    this.call("normalizeRows", this.address(out), this.address(x), rows, width);
  }

  #optionalAddress(storage: Storage | null): number {
    return storage === null ? 0 : this.address(storage);
  }
}

function gatherRows(table: Float32Array, ids: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(ids.length * width);
  for (const [row, id] of ids.entries()) rows.set(table.subarray(id * width, (id + 1) * width), row * width);
  return rows;
}
