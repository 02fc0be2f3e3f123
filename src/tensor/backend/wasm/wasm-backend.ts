import { UnsupportedError } from "../../../errors.ts";
import type { Backend, ParameterStore, ReadPiece, Storage } from "../../backend.ts";
import type { Kernels } from "../../kernel-table.ts";
import { CPU_CAPABILITIES } from "../cpu-capabilities.ts";
import { type EngineFeatures, probeFeatures } from "./features.ts";
import { MOST_PAGES } from "./heap.ts";
import { createKernelCalls, type KernelHost } from "./kernel-calls.ts";
import { KernelMemory } from "./kernel-memory.ts";
import {
  assembleExtension,
  assembleKernels,
  formatKernels,
  instantiateExtension,
  instantiateKernels,
  type KernelFunctions,
  type KernelModule,
  type KernelOptions,
} from "./kernels/module.ts";
import { panelWidth, type Tile } from "./kernels/tile.ts";
import { WasmParameters } from "./parameters.ts";
import { chooseTile, WIDE_TILE } from "./tiles.ts";
import { compileWideKernels } from "./wide-simd.ts";

/** What instances of one module in several threads share. */
export interface WasmShare {
  readonly memory: WebAssembly.Memory;
  /** Always the same one. */
  readonly module: () => WebAssembly.Module;
  readonly features: EngineFeatures;
  readonly tile: Tile;
  readonly mostPages: number;
}

/**
 * The kernels are assembled when the first of them is called: until then a model is loaded by others.
 *
 * @throws UnsupportedError where this runtime cannot compile WebAssembly with SIMD.
 */
export function createWasmBackend(): WasmBackend {
  const features = supportedFeatures();
  const tile = chooseTile(features);
  const { memory, mostPages } = createMemory(features.sharedMemory);
  let compiled: WebAssembly.Module | undefined;
  const module = (): WebAssembly.Module => {
    compiled ??= new WebAssembly.Module(assembleKernels(kernelOptions(features, tile)));
    return compiled;
  };
  return new WasmBackend({ memory, module, features, tile, mostPages });
}

/**
 * The same with kernels of 256 bits, twice as fast where the engine can.
 *
 * @throws UnsupportedError where it cannot, or where they bring nothing
 */
export async function createWideWasmBackend(): Promise<WasmBackend> {
  const features = supportedFeatures();
  const module = await compileWideKernels(features);
  const { memory, mostPages } = createMemory(true);
  return new WasmBackend({ memory, module: () => module, features, tile: WIDE_TILE, mostPages });
}

function supportedFeatures(): EngineFeatures {
  if (typeof WebAssembly === "undefined")
    throw new UnsupportedError("wasm: this runtime has no WebAssembly", { code: "no-webassembly" });
  let features: EngineFeatures;
  try {
    features = probeFeatures();
  } catch (error) {
    throw new UnsupportedError(`wasm: this page or process cannot compile WebAssembly (${error})`, {
      code: "no-webassembly",
      cause: error,
    });
  }
  if (!features.simd)
    throw new UnsupportedError("wasm: this runtime has no SIMD", { code: "no-webassembly" });
  return features;
}

function kernelOptions({ relaxedMultiplyAdd, sharedMemory }: EngineFeatures, tile: Tile): KernelOptions {
  return { tile, relaxed: relaxedMultiplyAdd !== null, sharedMemory };
}

/** As large as the runtime lets it become; a shared one reserves its addresses at once. */
function createMemory(shared: boolean): { memory: WebAssembly.Memory; mostPages: number } {
  for (let mostPages = MOST_PAGES; ; mostPages >>= 1) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared }), mostPages };
    } catch (error) {
      if (mostPages < 1024) {
        throw new UnsupportedError("wasm: could not allocate memory", {
          code: "out-of-memory",
          cause: error,
        });
      }
    }
  }
}

/** SIMD kernels on one WebAssembly memory, made in this process; the work is done within the call. */
export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly description: string;
  readonly capabilities = CPU_CAPABILITIES;
  readonly concurrency = 1;
  readonly lost = null;
  readonly kernels: Kernels;
  readonly share: WasmShare;
  readonly memory: KernelMemory;
  readonly parameters: ParameterStore;
  #instance: KernelModule | undefined;
  #extensionModule: WebAssembly.Module | undefined;
  #extension: KernelFunctions | undefined;

  constructor(share: WasmShare) {
    const { memory, features, tile, mostPages } = share;
    this.share = share;
    this.description = describeKernels(features, tile);
    this.memory = new KernelMemory(memory, mostPages);
    this.parameters = new WasmParameters(this.memory, {
      panelWidth: panelWidth(tile),
      isShared: features.sharedMemory,
      module: () => this.#module,
    });
    this.kernels = createKernelCalls(this.#host(), tile);
  }

  allocate(length: number): Storage {
    return this.parameters.createVector(length); // one heap has both
  }

  free(storage: Storage): void {
    this.parameters.free(storage);
  }

  write(storage: Storage, values: Float32Array, start: number): void {
    this.parameters.write(storage, values, start);
  }

  async read(storage: Storage, pieces: readonly ReadPiece[]): Promise<void> {
    this.readSync(storage, pieces);
  }

  readSync(storage: Storage, pieces: readonly ReadPiece[]): void {
    const address = this.memory.addressOf(storage);
    for (const { start, into } of pieces) into.set(this.memory.floats(address + 4 * start, into.length));
  }

  async settle(): Promise<void> {}

  dispose(): void {
    this.memory.dispose();
  }

  /** The kernels' code in WebAssembly's text format. */
  formatKernels(): string {
    return formatKernels(kernelOptions(this.share.features, this.share.tile));
  }

  #host(): KernelHost {
    const { memory } = this;
    return {
      address: (storage) => memory.addressOf(storage),
      matrixAddress: (matrix) => memory.addressOfMatrix(matrix),
      tablePlace: (table) => memory.placeOfTable(table),
      reserve: (inputs, scratch) => {
        const aligned = Math.ceil(inputs / 64) * 64;
        const address = memory.scratch(aligned + scratch);
        return { inputs: address, scratch: address + aligned };
      },
      writeInputs: (address, values) => {
        if (values instanceof Float32Array) memory.floats(address, values.length).set(values);
        else memory.integers(address, values.length).set(values);
      },
      writePointer: (address, pointer) => {
        memory.integers(address, 1)[0] = pointer;
      },
      call: (kernel, args) => {
        const run = this.#module.kernels[kernel] ?? this.#extensionKernels[kernel]!;
        run(...args);
      },
    };
  }

  /** The module of kernels that only some models call. */
  get extensionModule(): WebAssembly.Module {
    const { features, tile } = this.share;
    this.#extensionModule ??= new WebAssembly.Module(assembleExtension(kernelOptions(features, tile)));
    return this.#extensionModule;
  }

  get #extensionKernels(): KernelFunctions {
    const { memory } = this.share;
    this.#extension ??= instantiateExtension(this.extensionModule, memory, this.#module);
    return this.#extension;
  }

  get #module(): KernelModule {
    this.#instance ??= instantiateKernels(this.share.module(), this.share.memory);
    return this.#instance;
  }
}

function describeKernels({ relaxedMultiplyAdd, sharedMemory }: EngineFeatures, { name }: Tile): string {
  const arithmetic =
    relaxedMultiplyAdd === null ? "SIMD" : `relaxed SIMD (${relaxedMultiplyAdd} multiply-add)`;
  return `wasm: ${arithmetic}, tile ${name}${sharedMemory ? ", shared memory" : ""}`;
}
