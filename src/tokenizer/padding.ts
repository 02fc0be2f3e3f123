import type { Encoding, PadToken, Side } from "./encoding.ts";

export interface Padding extends PadToken {
  /** In tokens; "longest": as many as the longest of the batch has. */
  readonly length: number | "longest";
  readonly multipleOf: number | null;
  readonly side: Side;
}

/** Fills all encodings up to one length. Longer ones stay as they are. */
export function pad(encodings: readonly Encoding[], padding: Padding): void {
  let length = padding.length === "longest" ? 0 : padding.length;
  if (padding.length === "longest")
    for (const encoding of encodings) length = Math.max(length, encoding.length);
  const { multipleOf } = padding;
  if (multipleOf !== null && multipleOf > 0) length = Math.ceil(length / multipleOf) * multipleOf;
  for (const encoding of encodings) encoding.pad(length, padding, padding.side);
}
