import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEmbeddings, encodeEmbeddings } from "../../src/embedding-files/encode.ts";
import type { EmbeddingFormat } from "../../src/embedding-files/format.ts";
import { FormatError, UnsupportedError } from "../../src/errors.ts";
import { anyChanges } from "../checkpoint/changes.ts";

const content = {
  embeddings: [Float32Array.of(1, -2.5, 3), Float32Array.of(0, 1e-30, 7)],
  sentences: ["one", "zwei 🙂\n"],
  model: "some/model",
};

/** Reads, or fails in one of the two ways that it may. */
async function readsOrRefuses(bytes: Uint8Array, format: EmbeddingFormat): Promise<boolean> {
  try {
    const { embeddings, sentences } = await decodeEmbeddings(bytes, format);
    const elements = embeddings.reduce((sum, vector) => sum + vector.length, 0);
    assert.ok(elements <= bytes.length && embeddings.length <= bytes.length);
    assert.ok(sentences === undefined || sentences.length === embeddings.length);
    return true;
  } catch (error) {
    assert.ok(error instanceof FormatError || error instanceof UnsupportedError, String(error));
    return false;
  }
}

for (const format of ["safetensors", "npy", "jsonl"] as const) {
  const { sentences, model, ...matrix } = content;
  const valid = encodeEmbeddings(format === "npy" ? matrix : content, format);

  test(`${format}: a file that is cut off is refused, or ends with a line`, async () => {
    const bytes = await valid;
    assert.equal(await readsOrRefuses(bytes, format), true);
    for (let length = bytes.length - 1; length >= 0; length -= length > 200 ? 37 : 1) {
      const read = await readsOrRefuses(bytes.subarray(0, length), format);
      const wholeLines = format === "jsonl" && (length === 0 || [10, 125].includes(bytes[length - 1]!));
      if (!wholeLines) assert.equal(read, false, `cut at ${length}`);
    }
  });

  test(`${format}: changed bytes are read or refused, and never take more memory than the file`, async () => {
    const bytes = await valid;
    const header = format === "safetensors" ? ([0, 400] as const) : ([0, bytes.length] as const);
    let refused = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(anyChanges(bytes, header), async (changed) => {
        runs++;
        if (!(await readsOrRefuses(changed, format))) refused++;
      }),
      { numRuns: 400 },
    );
    assert.ok(refused > runs / 4, `${refused} of ${runs}`);
  });
}

test("npy: headers of changed tokens are read or refused", async () => {
  const tokens = fc.constantFrom(
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    " ",
    "\n",
    "'descr'",
    "'fortran_order'",
    "'shape'",
    "'<f4'",
    "'>f2'",
    "'|u1'",
    "True",
    "False",
    "0",
    "1",
    "3",
    "99999999999999999999",
    "L",
    "'",
    '"',
    "\\",
    "[",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(tokens, { maxLength: 24 }), fc.nat(40), async (parts, data) => {
      const header = new TextEncoder().encode(parts.join(""));
      const bytes = new Uint8Array(10 + header.length + data);
      bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
      bytes.set(header, 10);
      await readsOrRefuses(bytes, "npy");
    }),
    { numRuns: 400 },
  );
});
