/** Kernels at work on a memory of their own, before they are trusted with a model. */
import type { PackedMatrix, Storage } from "../../handles.ts";
import type { ActivationName, Kernels } from "../../kernel-table.ts";
import { createKernelCalls } from "./kernel-calls.ts";
import { instantiateKernels, type KernelModule } from "./kernels/module.ts";
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

class TrialStorage implements Storage {
  readonly address: number;
  readonly length: number;

  constructor(address: number, length: number) {
    this.address = address;
    this.length = length;
  }
}

class TrialMatrix implements PackedMatrix {
  readonly address: number;
  readonly outFeatures: number;
  readonly inFeatures: number;

  constructor(address: number, outFeatures: number, inFeatures: number) {
    this.address = address;
    this.outFeatures = outFeatures;
    this.inFeatures = inFeatures;
  }
}

function noTables(): never {
  throw new TypeError("a trial run has no tables");
}

export class TrialRun {
  readonly #module: KernelModule;
  readonly #kernels: Kernels;
  readonly #tile: Tile;
  readonly #floats: Float32Array;
  #end = FIRST_ADDRESS;

  /** The module must have been assembled for shared memory. */
  constructor(module: WebAssembly.Module, tile: Tile) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const { buffer } = memory;
    this.#module = instantiateKernels(module, memory);
    this.#tile = tile;
    this.#floats = new Float32Array(buffer);
    this.#kernels = createKernelCalls(
      {
        address: (storage) => (storage as TrialStorage).address,
        matrixAddress: (matrix) => (matrix as TrialMatrix).address,
        tablePlace: noTables,
        reserve: (inputs, scratch) => ({ inputs: this.#take(inputs / 4), scratch: this.#take(scratch / 4) }),
        writeInputs: (address, values) =>
          new Uint8Array(buffer).set(
            new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
            address,
          ),
        writePointer: noTables,
        call: (kernel, args) => this.#module.kernels[kernel]!(...args),
      },
      tile,
    );
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
    const { address: a } = this.#fill(rows * depth);
    const { address: panel } = this.#fill(depth * width);
    const c = this.#take(rows * width);
    const args = { a, aStride: 4 * depth, rows, panel, depth, c, cStride: 4 * width, accumulate: 0 };
    return () => this.#module.product(args);
  }

  #linear({ rows, depth, columns }: LinearSize): Float32Array {
    this.#end = FIRST_ADDRESS;
    const width = panelWidth(this.#tile);
    const [x, rowsOfWeight, bias] = [
      this.#fill(rows * depth),
      this.#fill(columns * depth),
      this.#fill(columns),
    ];
    const panels = this.#take(Math.ceil(columns / width) * width * depth);
    const out = this.#fill(rows * columns);
    this.#module.pack({
      panels,
      x: rowsOfWeight.address,
      xStride: 4 * depth,
      firstRow: 0,
      rows: columns,
      depth,
    });
    const weight = new TrialMatrix(panels, columns, depth);
    const dims = { rows, inFeatures: depth, outFeatures: columns, activation: null };
    this.#kernels.linear({ out, x, weight, bias, residual: null }, dims);
    return this.#copy(out);
  }

  #activation(activation: ActivationName): Float32Array {
    this.#end = FIRST_ADDRESS;
    const length = 4099;
    const x = this.#fill(length);
    const out = new TrialStorage(this.#take(length), length);
    this.#kernels.activation({ out, x }, { activation, length });
    return this.#copy(out);
  }

  #attention(): Float32Array {
    this.#end = FIRST_ADDRESS;
    const offsets = Int32Array.of(0, 70, 71, 80);
    const [heads, headDim, tokens] = [2, 20, 80];
    const length = tokens * heads * headDim;
    const [q, k, v] = [this.#fill(length), this.#fill(length), this.#fill(length)];
    const out = new TrialStorage(this.#take(length), length);
    const dims = {
      ...{ heads, kvHeads: heads, headDim, scale: headDim ** -0.5, span: 0 },
      ...{ before: tokens, after: tokens },
    };
    this.#kernels.attention({ out, q, k, v, offsets, relativeBias: null }, dims);
    return this.#copy(out);
  }

  /** The address of so many f32. */
  #take(length: number): number {
    const address = this.#end;
    this.#end += Math.ceil(length / 16) * 64;
    return address;
  }

  /** The same with numbers from −2 to 2, which differ from each other and are always the same. */
  #fill(length: number): TrialStorage {
    const address = this.#take(length);
    for (let i = 0; i < length; i++)
      this.#floats[address / 4 + i] = (((i * 2654435761) >>> 8) % 4001) / 1000 - 2;
    return new TrialStorage(address, length);
  }

  #copy({ address, length }: TrialStorage): Float32Array {
    return this.#floats.slice(address / 4, address / 4 + length);
  }
}
