/** Reads parameters into their places, in pieces, so that a checkpoint is never in memory twice. */
import type { Checkpoint, TensorInfo } from "../checkpoint/checkpoint.ts";
import { Pauses } from "../scheduling.ts";
import { PACKED_ROWS } from "../tensor/backend.ts";

/** Elements of one piece: 4 MB, large enough for full disk speed, small beside any model. */
const PIECE = 1 << 20;

/** Pieces that are read while another is written, where the checkpoint can. */
const AHEAD = 4;

export interface Parameter {
  readonly info: TensorInfo;
  readonly rows: number;
  readonly width: number;
  /** [rows, width]: where the file is read straight to; null: what was read is only there for `write`. */
  readonly memory: Float32Array | null;
  /** What is to be done with rows that were read; null: nothing. */
  readonly write: ((values: Float32Array, firstRow: number) => void) | null;
}

export interface FillOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes of the checkpoint have been read. */
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
}

/**
 * Reads every parameter. What goes straight to its place is read beside the rest, whose pieces are read while others
 * are written: loading MiniLM-L6 takes half the time that it takes one after the other (2026-11-26, Node 24, 2 cores).
 * A checkpoint that is better read in order is read once, front to back.
 */
export async function fillParameters(
  checkpoint: Checkpoint,
  parameters: readonly Parameter[],
  { signal, onProgress }: FillOptions,
): Promise<void> {
  const ordered = parameters.toSorted(
    (a, b) => compare(a.info.file, b.info.file) || a.info.byteOffset - b.info.byteOffset,
  );
  const total = ordered.reduce((sum, { info }) => sum + info.byteLength, 0);
  let loaded = 0;
  const run: Run = {
    checkpoint,
    signal,
    failed: false,
    onRead: (bytes) => {
      loaded += bytes;
      onProgress?.(Math.round(loaded), total);
    },
  };
  if (!checkpoint.parallel) {
    await readPieces(run, ordered, 1);
    return;
  }
  const done = ordered.filter(({ write }) => write === null);
  const written = ordered.filter(({ write }) => write !== null);
  const chains = [readPieces(run, done, 2), readPieces(run, written, AHEAD)];
  await Promise.allSettled(chains); // nothing is read any more into memory that is about to be given back
  await Promise.all(chains);
}

interface Run {
  readonly checkpoint: Checkpoint;
  readonly signal: AbortSignal | undefined;
  /** One of the chains has failed: the others end, too. */
  failed: boolean;
  readonly onRead: (bytes: number) => void;
}

interface Piece {
  readonly parameter: Parameter;
  readonly firstRow: number;
  readonly length: number;
}

/** With so many reads under way at once. */
async function readPieces(run: Run, parameters: readonly Parameter[], ahead: number): Promise<void> {
  const pieces = cut(parameters);
  const largest = pieces.reduce(
    (most, { parameter, length }) => (parameter.memory ? most : Math.max(most, length)),
    0,
  );
  const buffers: Float32Array[] = [];
  const buffer = (number: number): Float32Array => {
    buffers[number] ??= new Float32Array(largest);
    return buffers[number];
  };
  const reads: Promise<Float32Array>[] = [];
  const start = (index: number): void => {
    const piece = pieces[index];
    if (piece === undefined) return;
    const { parameter, firstRow, length } = piece;
    const from = firstRow * parameter.width;
    const values =
      parameter.memory?.subarray(from, from + length) ?? buffer(index % ahead).subarray(0, length);
    const read = run.checkpoint.readFloat32(parameter.info.name, values, from).then(() => values);
    read.catch(() => {}); // it is waited for below
    reads.push(read);
  };
  const pauses = new Pauses(run.signal);
  try {
    run.signal?.throwIfAborted();
    for (let index = 0; index < ahead; index++) start(index);
    for (const [index, { parameter, firstRow, length }] of pieces.entries()) {
      await pauses.pause();
      const values = await reads[index]!;
      if (run.failed) return;
      parameter.write?.(values, firstRow);
      start(index + ahead);
      const { rows, width, info } = parameter;
      run.onRead((info.byteLength / Math.max(1, rows * width)) * length);
    }
  } catch (error) {
    run.failed = true;
    throw error;
  } finally {
    await Promise.allSettled(reads);
  }
}

function cut(parameters: readonly Parameter[]): Piece[] {
  const pieces: Piece[] = [];
  for (const parameter of parameters) {
    const { rows, width } = parameter;
    const step = rowsOfPiece(parameter);
    for (let firstRow = 0; firstRow < rows; firstRow += step) {
      pieces.push({ parameter, firstRow, length: Math.min(step, rows - firstRow) * width });
    }
  }
  return pieces;
}

function rowsOfPiece({ width, memory }: Parameter): number {
  const most = Math.max(1, Math.floor(PIECE / Math.max(1, width)));
  return memory === null ? most : Math.max(1, Math.floor(most / PACKED_ROWS)) * PACKED_ROWS;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
