import assert from "node:assert/strict";
import { test } from "node:test";
import { formatModule } from "../../src/wasm-assembler/index.ts";
import { type MatrixTileExports, matrixTile, type Tile } from "./matrix-tile.ts";
import { instantiate } from "./support.ts";

const outAt = 256;
const aAt = 8192;
const weightsAt = 32768;

/** Multiplies with numbers that floats hold exactly, and compares every element and its surroundings. */
function check(tile: Tile, k: number): void {
  const { rows, columns } = tile;
  const memory = new WebAssembly.Memory({ initial: 2 });
  const floats = new Float32Array(memory.buffer).fill(Number.NaN);
  const aStride = k + 3;
  const outStride = columns + 5;
  const expected = floats.slice(outAt / 4 - 8, outAt / 4 + rows * outStride);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < k; i++) floats[aAt / 4 + row * aStride + i] = ((row + 3 * i) % 17) - 8;
  }
  for (let i = 0; i < k * columns; i++) floats[weightsAt / 4 + i] = ((7 * i) % 23) - 11;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        sum += floats[aAt / 4 + row * aStride + i]! * floats[weightsAt / 4 + i * columns + column]!;
      }
      expected[8 + row * outStride + column] = sum;
    }
  }
  const { exports } = instantiate(matrixTile(tile).bytes, { env: { memory } });
  (exports as MatrixTileExports).tile(outAt, 4 * outStride, aAt, 4 * aStride, weightsAt, k);
  assert.deepEqual(
    floats.slice(outAt / 4 - 8, outAt / 4 + rows * outStride),
    expected,
    JSON.stringify({ tile, k }),
  );
}

const shapes = [
  { rows: 1, columns: 4, unroll: 1 },
  { rows: 4, columns: 8, unroll: 1 },
  { rows: 6, columns: 8, unroll: 2 },
  { rows: 4, columns: 16, unroll: 4 },
];

test("a generated tile multiplies what it should and writes nowhere else", () => {
  for (const shape of shapes) for (const k of [0, 4, 32]) check({ ...shape, fused: false }, k);
});

const fused = matrixTile({ rows: 6, columns: 8, unroll: 2, fused: true });

test("a tile with fused multiply-add does too", {
  skip: WebAssembly.validate(fused.bytes) ? false : "this runtime has no relaxed SIMD",
}, () => {
  for (const shape of shapes) for (const k of [0, 4, 32]) check({ ...shape, fused: true }, k);
});

test("the inner loop of a tile is weights, broadcasts and multiply-adds, and nothing more", () => {
  const rows = 6;
  const vectors = 2;
  const unroll = 2;
  assert.deepEqual(fused.requiredFeatures, ["relaxed-simd", "simd"]);
  const text = formatModule(fused.bytes);
  const count = (instruction: string) =>
    text.split("\n").filter((line) => line.trim().startsWith(instruction)).length;
  assert.equal(count("v128.load "), unroll * vectors - 1); // with an offset,
  assert.equal(count("v128.load"), unroll * (vectors + rows)); // and with the broadcasts
  assert.equal(count("v128.load32_splat"), unroll * rows);
  assert.equal(count("f32x4.relaxed_madd"), unroll * rows * vectors);
  assert.equal(count("v128.store"), rows * vectors);
});
