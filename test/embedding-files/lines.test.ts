import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteRange, findLineEnds, lastLineEnd } from "../../src/embedding-files/lines.ts";

/** Bytes, and how many of them have been read. */
function counted(bytes: Uint8Array): ByteRange & { readonly readBytes: number } {
  let readBytes = 0;
  return {
    length: bytes.length,
    async read(start, end) {
      readBytes += end - start;
      return bytes.slice(start, end);
    },
    get readBytes() {
      return readBytes;
    },
  };
}

test("the last line end is found from behind, wherever pieces begin", async () => {
  const piece = 2 ** 20;
  for (const length of [0, 1, 2, piece - 1, piece, piece + 1, 3 * piece + 5]) {
    for (const fromEnd of [1, 2, piece - 1, piece, piece + 1, 2 * piece, 3 * piece + 5]) {
      const bytes = new Uint8Array(length);
      if (length > 2 * piece) bytes[3] = 0x0a;
      if (fromEnd <= length) bytes[length - fromEnd] = 0x0a;
      const range = counted(bytes);
      const { end } = await findLineEnds(range, Number.POSITIVE_INFINITY);
      assert.equal(await lastLineEnd(range), end, `${length}, ${fromEnd}`);
    }
  }
});

test("what lies before the last line end is not read for it", async () => {
  const bytes = counted(new Uint8Array(2 ** 23).fill(0x0a));
  assert.equal(await lastLineEnd(bytes), bytes.length);
  assert.equal(bytes.readBytes, 2 ** 20);
});
