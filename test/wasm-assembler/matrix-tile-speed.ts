// GFLOP/s of tiles in one thread, without memory traffic beyond the first-level cache:
//   node --import tsx test/wasm-assembler/matrix-tile-speed.ts
import { type MatrixTileExports, matrixTile } from "./matrix-tile.ts";
import { instantiate } from "./support.ts";

const k = 384;
const milliseconds = 100;

for (const fused of [false, true]) {
  for (const [rows, columns, unroll] of [
    [4, 8, 1],
    [4, 8, 2],
    [6, 8, 1],
    [6, 8, 2],
    [4, 12, 2],
    [4, 16, 2],
  ] as const) {
    const { bytes } = matrixTile({ rows, columns, unroll, fused });
    const title = `${rows}x${columns} unroll ${unroll} ${fused ? "fused" : "mul+add"}`;
    if (!WebAssembly.validate(bytes)) {
      console.log(`${title}: this runtime has no relaxed SIMD`);
      continue;
    }
    const memory = new WebAssembly.Memory({ initial: 4 });
    const { repeat } = instantiate(bytes, { env: { memory } }).exports as MatrixTileExports;
    let best = 0;
    for (let repeats = 100, warm = 0; warm < 12; ) {
      const start = performance.now();
      repeat(0, 4 * columns, 4096, 4 * k, 65536, k, repeats);
      const elapsed = performance.now() - start;
      if (elapsed < milliseconds / 2) {
        repeats *= 2;
      } else {
        best = Math.max(best, (2 * rows * columns * k * repeats) / elapsed / 1e6);
        warm++;
      }
    }
    console.log(`${title}: ${best.toFixed(1)} GFLOP/s`);
  }
}
