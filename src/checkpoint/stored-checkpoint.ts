import { ArgumentError, FormatError } from "../errors.ts";
import { quote } from "../files/quote.ts";
import type { Checkpoint, TensorInfo } from "./checkpoint.ts";
import { dtypeInfo } from "./dtype.ts";
import { toFloat32 } from "./to-float32.ts";

/** What a file format has to give; everything else is the same for all of them. */
export interface TensorStore {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly parallel: boolean;

  /** Fills `target` with the tensor's bytes (little-endian, row-major) from `start` on. Both are whole elements. */
  readElements(info: TensorInfo, target: Uint8Array, start: number): Promise<void>;

  close(): Promise<void>;
}

/** Elements of a piece where they cannot be widened in place: 8 MB of 64-bit numbers. */
const WIDE_PIECE = 2 ** 20;

/** The checkpoint over a store: finds tensors by name, checks ranges, converts. */
export class StoredCheckpoint implements Checkpoint {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly parallel: boolean;
  readonly #store: TensorStore;

  constructor(store: TensorStore) {
    this.name = store.name;
    this.tensors = store.tensors;
    this.metadata = store.metadata;
    this.parallel = store.parallel;
    this.#store = store;
  }

  async readFloat32(name: string, target: Float32Array, start: number): Promise<void> {
    const info = findTensor(this, name);
    const { byteSize } = dtypeInfo(info.dtype);
    checkRange(info, start, start + target.length, info.byteLength / byteSize, "elements");
    if (byteSize === 8) {
      await this.#readWide(info, target, start);
      return;
    }
    // The stored bytes go to the end of the target itself, and are widened front to back: no second copy.
    const storedLength = target.length * byteSize;
    const stored = new Uint8Array(
      target.buffer,
      target.byteOffset + target.byteLength - storedLength,
      storedLength,
    );
    await this.#store.readElements(info, stored, start * byteSize);
    toFloat32(info.dtype, stored, target);
  }

  async #readWide(info: TensorInfo, target: Float32Array, start: number): Promise<void> {
    const scratch = new Uint8Array(8 * Math.min(target.length, WIDE_PIECE));
    for (let done = 0; done < target.length; done += WIDE_PIECE) {
      const piece = target.subarray(done, done + WIDE_PIECE);
      const stored = scratch.subarray(0, 8 * piece.length);
      await this.#store.readElements(info, stored, 8 * (start + done));
      toFloat32(info.dtype, stored, piece);
    }
  }

  async readBytes(name: string, start = 0, end?: number): Promise<Uint8Array> {
    const info = findTensor(this, name);
    const stop = end ?? info.byteLength;
    checkRange(info, start, stop, info.byteLength, "bytes");
    const { byteSize } = dtypeInfo(info.dtype);
    const first = start - (start % byteSize);
    const bytes = new Uint8Array(Math.ceil(stop / byteSize) * byteSize - first);
    await this.#store.readElements(info, bytes, first);
    return bytes.subarray(start - first, stop - first);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** @throws FormatError where the checkpoint has no tensor of this name. */
export function findTensor(checkpoint: Checkpoint, name: string): TensorInfo {
  const info = checkpoint.tensors.get(name);
  if (info === undefined) {
    throw new FormatError(`the checkpoint has no tensor ${quote(name)}`, {
      code: "missing-tensor",
      subject: name,
      file: checkpoint.name,
    });
  }
  return info;
}

function checkRange(info: TensorInfo, start: number, end: number, length: number, unit: string): void {
  if (
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    0 <= start &&
    start <= end &&
    end <= length
  ) {
    return;
  }
  throw new ArgumentError(
    `${info.file}: tensor ${quote(info.name)} has ${length} ${unit}; ${start} to ${end} were requested`,
    { code: "read-out-of-range", subject: info.name },
  );
}
