import { type ModuleBuilder, v128, vectorBytes } from "../../../../wasm-assembler/index.ts";
import type { Vector } from "./vector.ts";

/**
 * Constants of formulas, read from memory: V8 puts a vector constant together anew wherever it is used, from four
 * instructions. Exponentials take twice the time then (2026-11, Node 24, EPYC Zen 4).
 */
export class ConstantPool {
  readonly #start: number;
  readonly #bytes: number[] = [];
  readonly #addresses = new Map<string, number>();

  /** @param start the address of the first constant */
  constructor(start: number) {
    this.#start = start;
  }

  /** Four times the same f32. */
  f32(value: number): Vector {
    return this.#load(vectorBytes("f32x4", value));
  }

  /** Four times the same i32. */
  i32(value: number): Vector {
    return this.#load(vectorBytes("i32x4", value));
  }

  /** Puts the constants into the module's memory; after the last one was asked for. */
  write(module: ModuleBuilder): void {
    module.data(this.#start, Uint8Array.from(this.#bytes));
  }

  #load(bytes: Uint8Array): Vector {
    const key = bytes.join();
    let address = this.#addresses.get(key);
    if (address === undefined) {
      address = this.#start + this.#bytes.length;
      this.#addresses.set(key, address);
      this.#bytes.push(...bytes);
    }
    return v128.load(0, address);
  }
}
