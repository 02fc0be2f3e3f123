import type { Backend } from "../../../../src/tensor/backend.ts";

/** One promise of the contract, and how to find out whether a backend keeps it. */
export interface ConformanceCase {
  /** Begins with the kernel: "linear: …". */
  readonly name: string;
  readonly run: (backend: Backend) => Promise<void>;
}

/** 0 … length − 1, cut into portions of `size`, in a fixed disorder. */
export function shuffledChunks(length: number, size: number): { first: number; count: number }[] {
  const chunks: { first: number; count: number }[] = [];
  for (let first = 0; first < length; first += size) {
    chunks.push({ first, count: Math.min(size, length - first) });
  }
  const even = chunks.filter((_, i) => i % 2 === 0).reverse();
  const odd = chunks.filter((_, i) => i % 2 === 1);
  return [...odd, ...even];
}

/** Rows of a matrix [any, width]. */
export function rowsOf(values: Float32Array, width: number, first: number, count: number): Float32Array {
  return values.slice(first * width, (first + count) * width);
}

/** ± a few mantissas at every exponent of f32, from the least denormal on. */
export function allExponents(): Float32Array {
  const values: number[] = [];
  for (let exponent = -149; exponent <= 127; exponent++) {
    for (const mantissa of [1, 1.25, 1.5, 1.999]) {
      const value = Math.fround(mantissa * 2 ** exponent);
      values.push(value, -value);
    }
  }
  return Float32Array.from(values);
}
