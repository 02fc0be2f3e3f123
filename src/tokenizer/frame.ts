import { Encoding } from "./encoding.ts";
import type { IdBuffer } from "./fast/id-buffer.ts";

/** Where one text, or the two of a pair, stand among the ids that a post-processor adds, and the types of all. */
export type Frame = readonly FramePiece[];

type FramePiece =
  | { readonly sequence: 0 | 1; readonly typeId: number }
  | { readonly id: number; readonly typeId: number };

/** The ids [start, end) of a buffer. */
export interface IdRange {
  readonly buffer: IdBuffer;
  readonly start: number;
  readonly end: number;
}

/** Texts of one token each; the id of text i is −1 − i, which no vocabulary has. */
export function probeTexts(isPair: boolean): Encoding[] {
  return (isPair ? [0, 1] : [0]).map((sequence) => {
    const probe = new Encoding();
    const token = { id: -1 - sequence, token: "", wordId: 0, typeId: sequence, special: false };
    probe.push({ ...token, offsets: [0, 0] });
    return probe;
  });
}

/** The frame around probes, after a post-processor; null where it does more than put ids around each text, once. */
export function frameOf(processed: readonly Encoding[], isPair: boolean): Frame | null {
  const frame = processed.flatMap(({ inputIds, tokenTypeIds }) =>
    inputIds.map((id, i): FramePiece => {
      const typeId = tokenTypeIds[i]!;
      return id < 0 ? { sequence: id === -1 ? 0 : 1, typeId } : { id, typeId };
    }),
  );
  const sequences = frame.flatMap((piece) => ("sequence" in piece ? [piece.sequence] : []));
  return sequences.toSorted().join() === (isPair ? "0,1" : "0") ? frame : null;
}

/** The ids of a frame with the texts in their places. */
export function framedIds(frame: Frame, texts: readonly IdRange[]): Int32Array {
  const ids = new Int32Array(framedLength(frame, texts));
  let at = 0;
  for (const piece of frame) {
    if ("id" in piece) {
      ids[at++] = piece.id;
      continue;
    }
    const { buffer, start, end } = texts[piece.sequence]!;
    buffer.copyTo(ids, at, start, end);
    at += end - start;
  }
  return ids;
}

/** The types of a frame's tokens; null where all are 0. */
export function framedTypes(frame: Frame, texts: readonly IdRange[]): Int32Array | null {
  if (frame.every(({ typeId }) => typeId === 0)) return null;
  const types = new Int32Array(framedLength(frame, texts));
  let at = 0;
  for (const piece of frame) {
    const next = at + lengthOf(piece, texts);
    types.fill(piece.typeId, at, next);
    at = next;
  }
  return types;
}

function framedLength(frame: Frame, texts: readonly IdRange[]): number {
  let length = 0;
  for (const piece of frame) length += lengthOf(piece, texts);
  return length;
}

function lengthOf(piece: FramePiece, texts: readonly IdRange[]): number {
  if ("id" in piece) return 1;
  const { start, end } = texts[piece.sequence]!;
  return end - start;
}
