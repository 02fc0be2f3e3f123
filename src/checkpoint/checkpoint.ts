/**
 * A checkpoint, whatever its file format: named tensors whose shapes are known at once and whose bytes
 * are read in ranges, later, straight to where they are needed.
 */
import type { CheckpointDType } from "./dtype.ts";

export interface TensorInfo {
  readonly name: string;
  readonly dtype: CheckpointDType;
  readonly shape: readonly number[];
  /** The file that holds it; a sharded checkpoint has several. */
  readonly file: string;
  /** Where its bytes begin in `file`; only used to read in file order. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface Checkpoint {
  /** What error messages call it: the file, or the index file of a sharded one. */
  readonly name: string;

  readonly tensors: ReadonlyMap<string, TensorInfo>;

  /** The `__metadata__` of the file; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;

  /** Elements `start … start + target.length` of a floating-point or integer tensor, converted to f32. */
  readFloat32(name: string, target: Float32Array, start: number): Promise<void>;

  /** The tensor's bytes as they are stored (little-endian, row-major), or the range of them that is asked for. */
  readBytes(name: string, start?: number, end?: number): Promise<Uint8Array>;

  close(): Promise<void>;
}
