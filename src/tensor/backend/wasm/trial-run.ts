/** Kernels at work on a memory of their own, before they are trusted with a model. */

import type { ActivationName } from "../../backend.ts";
import { activationCode } from "./kernels/activation.ts";
import { attentionScratchBytes } from "./kernels/attention.ts";
import { linearBlocks } from "./kernels/linear.ts";
import { instantiateKernels, type Kernels } from "./kernels/module.ts";
import { panelWidth, type Tile } from "./kernels/tile.ts";

const PAGES = 64;

/** The first page belongs to the module. */
const FIRST_ADDRESS = 65536;

/** V8 has optimized a product of this size after 180 calls in Node 24 and 26 (2026-11). */
const WARM_UP_CALLS = 400;

const ACTIVATIONS: readonly ActivationName[] = ["gelu", "gelu_tanh", "silu", "tanh"];

interface LinearSize {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

export class TrialRun {
  readonly #kernels: Kernels;
  readonly #tile: Tile;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  #end = FIRST_ADDRESS;

  /** The module must have been assembled for shared memory. */
  constructor(module: WebAssembly.Module, tile: Tile) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    this.#kernels = instantiateKernels(module, memory);
    this.#tile = tile;
    this.#floats = new Float32Array(memory.buffer);
    this.#integers = new Int32Array(memory.buffer);
  }

  /** Makes the engine optimize the matrix products, which models spend their time in, and nothing else. */
  warmUpProducts(): void {
    for (let rows = 1; rows <= this.#tile.rows; rows++) {
      const run = this.#product(rows);
      for (let i = 0; i < WARM_UP_CALLS; i++) run();
    }
  }

  /** The time of a product of 96 rows, at best, divided by its columns. */
  productSeconds(): number {
    const run = this.#product(96);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 100; i++) {
      const start = performance.now();
      run();
      best = Math.min(best, (performance.now() - start) / 1000);
    }
    return best / panelWidth(this.#tile);
  }

  /** What the kernels make of certain numbers. */
  results(): Float32Array {
    const results = [
      ...[1, 2, 3, 4, 5, 6, 7, 13].map((rows) => this.#linear({ rows, depth: 41, columns: 37 })),
      this.#linear({ rows: 7, depth: 1030, columns: 20 }),
      ...ACTIVATIONS.map((name) => this.#activation(name)),
      this.#attention(),
    ];
    return Float32Array.from(results.flatMap((part) => [...part]));
  }

  /** One panel's product, ready to run. */
  #product(rows: number): () => void {
    this.#end = FIRST_ADDRESS;
    const depth = 384;
    const width = panelWidth(this.#tile);
    const [a, panel, c] = [this.#fill(rows * depth), this.#fill(depth * width), this.#take(rows * width)];
    return () => this.#kernels.product(a, 4 * depth, rows, panel, depth, c, 4 * width, 0);
  }

  #linear({ rows, depth, columns }: LinearSize): Float32Array {
    this.#end = FIRST_ADDRESS;
    const width = panelWidth(this.#tile);
    const blocks = linearBlocks(rows, depth, columns, this.#tile);
    const [x, weight, bias] = [this.#fill(rows * depth), this.#fill(columns * depth), this.#fill(columns)];
    const panels = this.#take(Math.ceil(columns / width) * width * depth);
    const out = this.#fill(rows * columns);
    const scratch = this.#take(blocks.scratchBytes / 4);
    this.#kernels.pack(panels, weight, 4 * depth, 0, columns, depth);
    const [code, stride] = [activationCode(null), 4 * columns];
    this.#kernels.linear(
      out,
      x,
      panels,
      bias,
      0,
      rows,
      depth,
      columns,
      code,
      blocks.rows,
      scratch,
      stride,
      blocks.depth,
    );
    return this.#copy(out, rows * columns);
  }

  #activation(name: ActivationName): Float32Array {
    this.#end = FIRST_ADDRESS;
    const length = 4099;
    const [x, out] = [this.#fill(length), this.#take(length)];
    this.#kernels.activation(out, x, activationCode(name), length);
    return this.#copy(out, length);
  }

  #attention(): Float32Array {
    this.#end = FIRST_ADDRESS;
    const offsets = Int32Array.of(0, 70, 71, 80);
    const [heads, headDim, tokens] = [2, 20, 80];
    const length = tokens * heads * headDim;
    const [q, k, v, out] = [this.#fill(length), this.#fill(length), this.#fill(length), this.#take(length)];
    const offsetsAddress = this.#take(offsets.length);
    this.#integers.set(offsets, offsetsAddress / 4);
    const scratch = this.#take(attentionScratchBytes(70, headDim, panelWidth(this.#tile)) / 4);
    const [sequences, scale, stride] = [offsets.length - 1, headDim ** -0.5, 4 * heads * headDim];
    this.#kernels.attention(
      out,
      q,
      k,
      v,
      offsetsAddress,
      sequences,
      0,
      heads,
      headDim,
      scale,
      0,
      scratch,
      stride,
    );
    return this.#copy(out, length);
  }

  /** The address of so many f32. */
  #take(length: number): number {
    const address = this.#end;
    this.#end += Math.ceil(length / 16) * 64;
    return address;
  }

  /** The same with numbers from −2 to 2, which differ from each other and are always the same. */
  #fill(length: number): number {
    const address = this.#take(length);
    for (let i = 0; i < length; i++)
      this.#floats[address / 4 + i] = (((i * 2654435761) >>> 8) % 4001) / 1000 - 2;
    return address;
  }

  #copy(address: number, length: number): Float32Array {
    return this.#floats.slice(address / 4, address / 4 + length);
  }
}
