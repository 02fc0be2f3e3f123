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
  /**
   * Where its bytes begin in `file`, for reading in the file's order. In a pytorch_model.bin they begin a
   * little later: behind a zip header whose length is only known once it is read.
   */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface Checkpoint {
  /** What error messages call it: the file, or the index file of a sharded one. */
  readonly name: string;

  readonly tensors: ReadonlyMap<string, TensorInfo>;

  /** Whether several reads at once, at any places, are faster than one after the other in the order of the files. */
  readonly parallel?: boolean;

  /** The `__metadata__` of the file; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;

  /**
   * Elements `start … start + target.length` of a tensor of any type, converted to f32 (exactly, or
   * rounded once). `target` may lie in shared memory.
   *
   * @throws FormatError where there is no such tensor. @throws ArgumentError where the range is not in it.
   * @throws FileError where the file cannot be read (any more).
   */
  readFloat32(name: string, target: Float32Array, start: number): Promise<void>;

  /**
   * The tensor's bytes (little-endian, row-major), or the range of them that is asked for; the caller may
   * change them. Throws as `readFloat32` does.
   */
  readBytes(name: string, start?: number, end?: number): Promise<Uint8Array>;

  close(): Promise<void>;
}
