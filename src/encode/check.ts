/** What callers of `encode` may pass. */

import { type EmbeddingPrecision, embeddingPrecisions } from "../embeddings/quantize-embeddings.ts";
import { ArgumentError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";

/** A copy: the caller may change the array while it is encoded. @throws ArgumentError for what is no array of strings. */
export function checkTexts(texts: unknown): readonly string[] {
  if (!Array.isArray(texts)) {
    throw new ArgumentError(`encode: expected a string or an array of strings, got ${describe(texts)}`);
  }
  const copy = [...texts];
  for (let i = 0; i < copy.length; i++) checkText(copy[i], `encode: expected a string at index ${i}`);
  return copy;
}

/** @throws ArgumentError that begins with what was expected, for what is not a string. */
export function checkText(text: unknown, expected: string): string {
  if (typeof text === "string") return text;
  throw new ArgumentError(`${expected}, got ${describe(text)}`);
}

/** @throws ArgumentError for an unknown precision. */
export function checkPrecision(precision: EmbeddingPrecision): EmbeddingPrecision {
  if (embeddingPrecisions.includes(precision)) return precision;
  throw new ArgumentError(
    `precision: expected ${embeddingPrecisions.join(", ")}, got ${JSON.stringify(precision) ?? String(precision)}`,
    { subject: "precision" },
  );
}
