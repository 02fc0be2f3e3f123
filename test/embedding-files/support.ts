import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { randomNumbers } from "../helpers/random.ts";

const fixtures = new URL("../fixtures/stored-embeddings/", import.meta.url);

/** The path of a file that numpy or safetensors wrote. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(name, fixtures));
}

export interface ExpectedMatrices {
  readonly oracle: Readonly<Record<string, string>>;
  readonly floats: readonly (readonly number[])[];
  readonly int8: readonly (readonly number[])[];
  readonly uint8: readonly (readonly number[])[];
  readonly sentences: readonly string[];
}

export const expected: ExpectedMatrices = JSON.parse(readFileSync(fixturePath("expected.json"), "utf8"));

/** What JSON and line-wise formats get wrong. */
export const awkwardSentences: readonly string[] = [
  "",
  " ",
  "two\nlines\r\n",
  "\u2028\u2029\u0085\ufeff",
  '"\\',
  "naïve 日本 🙂",
  "\ud83d alone \ude42",
  "\0\x7f",
];

/** `count` vectors, and sentences of which some are awkward. */
export function someEmbeddings(seed: number, count: number, dimension: number) {
  const random = randomNumbers(seed);
  const embeddings = Array.from({ length: count }, () =>
    Float32Array.from({ length: dimension }, () => (random() - 0.5) * 10 ** Math.floor(20 * random() - 10)),
  );
  const sentences = embeddings.map((_, i) =>
    i % 3 === 0 ? awkwardSentences[i % awkwardSentences.length]! : `sentence ${seed}-${i}`,
  );
  return { embeddings, sentences };
}
