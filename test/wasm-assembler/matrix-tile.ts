import {
  type BuiltModule,
  type Expression,
  f32x4,
  i32,
  type Local,
  ModuleBuilder,
  v128,
} from "../../src/wasm-assembler/index.ts";

/** The part of a matrix product that stays in registers. */
export interface Tile {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Steps of k per round of the loop; k is a multiple of it. */
  readonly unroll: number;
  /** Multiply and add in one rounding (relaxed SIMD). */
  readonly fused: boolean;
}

/**
 * Prototype of the matrix kernel's inner loop: out[rows, columns] = a[rows, k] · weights[k, columns].
 * The weights are packed as one panel, k-major; `a` and `out` have strides, in bytes.
 */
export function matrixTile({ rows, columns, unroll, fused }: Tile): BuiltModule {
  const vectors = columns / 4;
  const module = new ModuleBuilder("matrix-tile");
  module.importMemory("env", "memory", { initial: 1 });
  const parameters = {
    out: "i32",
    outStride: "i32",
    a: "i32",
    aStride: "i32",
    weights: "i32",
    k: "i32",
  } as const;
  const multiplyAdd = (x: Expression<"v128">, y: Expression<"v128">, sum: Expression<"v128">) =>
    fused ? f32x4.relaxed_madd(x, y, sum) : f32x4.add(sum, f32x4.mul(x, y));

  const tile = module.function(`f32-tile-${rows}x${columns}`, { parameters, results: [] }, (f, p) => {
    const row: Local<"i32">[] = [p.a];
    for (let r = 1; r < rows; r++) row.push(f.let(`row${r}`, i32.add(row[r - 1]!, p.aStride)));
    const sums = row.map((_, r) => f.locals("v128", `sum${r}_`, vectors));
    const weight = f.locals("v128", "weight", vectors);
    const x = f.local("v128", "x");

    f.while(i32.gt_s(p.k, 0), () => {
      for (let step = 0; step < unroll; step++) {
        for (const [v, w] of weight.entries()) w.set(v128.load(p.weights, 16 * (step * vectors + v)));
        for (const [r, rowSums] of sums.entries()) {
          x.set(v128.load32_splat(row[r]!, 4 * step));
          for (const [v, sum] of rowSums.entries()) sum.set(multiplyAdd(x, weight[v]!, sum));
        }
      }
      for (const address of row) f.increment(address, 4 * unroll);
      f.increment(p.weights, 4 * columns * unroll);
      f.increment(p.k, -unroll);
    });

    for (const rowSums of sums) {
      for (const [v, sum] of rowSums.entries()) f.v128.store(p.out, sum, 16 * v);
      f.increment(p.out, p.outStride);
    }
  });
  module.export("tile", tile);
  return module.build();
}

/** Addresses and strides in bytes. */
export interface MatrixTileExports extends WebAssembly.Exports {
  readonly tile: (
    out: number,
    outStride: number,
    a: number,
    aStride: number,
    weights: number,
    k: number,
  ) => undefined;
}
