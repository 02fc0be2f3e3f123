import type { FunctionBuilder } from "../../../../../wasm-assembler/index.ts";
import type { KernelContext } from "../context.ts";
import type { Vector } from "../vector.ts";

/** One vector for each member of a group. */
export type Vectors = readonly Vector[];

/** Vectors that long loops treat at a time: a power of 2. */
export const GROUP_SIZE = 4;

/**
 * Writes a formula for several vectors at a time, step by step: a constant is then loaded once for all of them, and
 * the chip finds work that does not wait for the step before.
 */
export class VectorGroup {
  readonly size: number;
  readonly #context: KernelContext;
  readonly #f: FunctionBuilder;

  constructor(context: KernelContext, f: FunctionBuilder, size: number) {
    this.#context = context;
    this.#f = f;
    this.size = size;
  }

  /** The same f32 everywhere. */
  f32(value: number): Vectors {
    return this.#same(this.#context.constants.f32(value));
  }

  /** The same i32 everywhere. */
  i32(value: number): Vectors {
    return this.#same(this.#context.constants.i32(value));
  }

  /** The operation on each member's vectors. */
  apply(operation: (...operands: Vector[]) => Vector, ...operands: readonly Vectors[]): Vectors {
    return Array.from({ length: this.size }, (_, member) =>
      this.#f.let("value", operation(...operands.map((vectors) => vectors[member]!))),
    );
  }

  multiplyAdd(a: Vectors, b: Vectors, c: Vectors): Vectors {
    const { multiplyAdd } = this.#context;
    return this.apply((x, y, z) => multiplyAdd(x, y, z), a, b, c);
  }

  /** Σ coefficients[i] · xⁱ by Horner's rule. */
  polynomial(x: Vectors, coefficients: readonly number[]): Vectors {
    let sum = this.f32(coefficients.at(-1)!);
    for (const coefficient of coefficients.slice(0, -1).reverse()) {
      sum = this.multiplyAdd(sum, x, this.f32(coefficient));
    }
    return sum;
  }

  #same(vector: Vector): Vectors {
    const local = this.#f.let("constant", vector);
    return new Array<Vector>(this.size).fill(local);
  }
}
