import { FormatError, UnsupportedError } from "../../errors.ts";
import { swapByteOrder } from "../../files/byte-order.ts";
import type { FileSource, RangeReader } from "../../files/file-source.ts";
import { checkNotPointer } from "../../files/git-lfs-pointer.ts";
import { quote } from "../../files/quote.ts";
import type { Checkpoint, TensorInfo } from "../checkpoint.ts";
import { dtypeInfo, storedByteLength } from "../dtype.ts";
import { StoredCheckpoint, type TensorStore } from "../stored-checkpoint.ts";
import { type PickledTensor, readStateDict } from "./state-dict.ts";
import { gather, isContiguous, spanOf } from "./strided.ts";
import { findEntryData, readEntry, readZipDirectory, type ZipEntry } from "./zip.ts";

/** Far beyond any state dict: 5000 tensors take about 1 MB. */
const LARGEST_PICKLE = 2 ** 26;

const HOW_TO_CONVERT =
  "in Python, load it with torch.load(path, weights_only=True) and save it with safetensors.torch.save_file";

/**
 * Opens a pytorch_model.bin as torch.save has written it since version 1.6: a zip file that holds a
 * pickle with names, shapes and strides, and the bytes of every storage. Nothing that the pickle asks
 * for is run: what is not a plain dense tensor is refused by name.
 *
 * @throws FileError where the file is missing. @throws FormatError where it is broken.
 * @throws UnsupportedError for older formats, TorchScript, and anything but plain dense tensors.
 */
export async function openPytorchBin(source: FileSource, path: string): Promise<Checkpoint> {
  const reader = await source.open(path);
  try {
    return new StoredCheckpoint(await readStore(reader));
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function readStore(reader: RangeReader): Promise<TensorStore> {
  await checkNotPointer(reader);
  await checkIsZip(reader);
  const entries = await readZipDirectory(reader);
  const root = findRoot(entries, reader.name);
  const pickle = entries.get(`${root}/data.pkl`)!;
  if (pickle.size > LARGEST_PICKLE) {
    throw new FormatError(`data.pkl is ${pickle.size} bytes long; the limit is ${LARGEST_PICKLE}`, {
      code: "invalid-pickle",
      file: reader.name,
    });
  }
  const bigEndian = await readByteOrder(reader, entries.get(`${root}/byteorder`));
  const storages = new Map<string, ZipEntry>();
  const prefix = `${root}/data/`;
  for (const entry of entries.values()) {
    if (entry.name.startsWith(prefix)) storages.set(entry.name.slice(prefix.length), entry);
  }
  const sizes = new Map([...storages].map(([key, { size }]) => [key, size]));
  const tensors = readStateDict(await readEntry(reader, pickle), sizes, reader.name);
  return new PytorchBin(reader, { tensors, storages, bigEndian });
}

/** Detects other file types, to give a specific hint for each. */
async function checkIsZip(reader: RangeReader): Promise<void> {
  const file = reader.name;
  const start = new Uint8Array(Math.min(reader.size, 512));
  await reader.readInto(start, 0);
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  if (start[0] === 0x80) {
    throw new UnsupportedError(`this is the format of torch.save before version 1.6; ${HOW_TO_CONVERT}`, {
      code: "legacy-checkpoint",
      file,
    });
  }
  if (new TextDecoder().decode(start.subarray(257, 262)) === "ustar") {
    throw new UnsupportedError(`this is a tar file, the first format of torch.save; ${HOW_TO_CONVERT}`, {
      code: "legacy-checkpoint",
      file,
    });
  }
  throw new FormatError("expected a zip file, as torch.save writes it, found another format", {
    code: "invalid-zip",
    file,
  });
}

/** The archive's single folder; torch names it after the file, or "archive". */
function findRoot(entries: ReadonlyMap<string, ZipEntry>, file: string): string {
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? []);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new FormatError(`expected one folder with a data.pkl in the zip file, found ${roots.length}`, {
      code: "invalid-zip",
      file,
    });
  }
  if (entries.has(`${root}/constants.pkl`)) {
    throw new UnsupportedError(`this is a TorchScript program, not a file of weights`, {
      code: "legacy-checkpoint",
      file,
    });
  }
  return root;
}

/** Files of torch before 2.1 do not say it; they come from little-endian machines. */
async function readByteOrder(reader: RangeReader, entry: ZipEntry | undefined): Promise<boolean> {
  if (entry === undefined) return false;
  const text = entry.size > 16 ? "" : new TextDecoder().decode(await readEntry(reader, entry));
  if (text === "big") return true;
  if (text === "little") return false;
  throw new FormatError(`expected "little" or "big" as byteorder, found ${quote(text)}`, {
    code: "invalid-value",
    subject: "byteorder",
    file: reader.name,
  });
}

interface Archive {
  readonly tensors: ReadonlyMap<string, PickledTensor>;
  readonly storages: ReadonlyMap<string, ZipEntry>;
  readonly bigEndian: boolean;
}

class PytorchBin implements TensorStore {
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string> = new Map();
  /** Its pieces share what was found out on the way. */
  readonly parallel = false;
  readonly #reader: RangeReader;
  readonly #archive: Archive;
  /** Where the bytes of a storage begin, by its key. */
  readonly #dataStarts = new Map<string, number>();
  /** The last tensor that was not contiguous, in row-major order: such tensors are read in pieces as well. */
  #gathered: { readonly name: string; readonly bytes: Uint8Array } | undefined;

  constructor(reader: RangeReader, archive: Archive) {
    this.name = reader.name;
    this.#reader = reader;
    this.#archive = archive;
    this.tensors = new Map(
      [...archive.tensors].map(([name, tensor]) => [name, this.#describe(name, tensor)]),
    );
  }

  async readElements(info: TensorInfo, target: Uint8Array, start: number): Promise<void> {
    if (target.length === 0) return;
    const tensor = this.#archive.tensors.get(info.name)!;
    if (isContiguous(tensor)) {
      await this.#readStorage(tensor, target, start);
      return;
    }
    if (this.#gathered?.name !== info.name) {
      this.#gathered = { name: info.name, bytes: await this.#gather(tensor) };
    }
    target.set(this.#gathered.bytes.subarray(start, start + target.length));
  }

  async close(): Promise<void> {
    this.#gathered = undefined;
    await this.#reader.close();
  }

  #describe(name: string, { storage, dtype, shape, offset }: PickledTensor): TensorInfo {
    // Without the local header, whose length only reading it tells: enough to order tensors by.
    const { localHeaderOffset } = this.#archive.storages.get(storage.key)!;
    return {
      name,
      dtype,
      shape,
      file: this.name,
      byteOffset: localHeaderOffset + offset * dtypeInfo(dtype).byteSize,
      byteLength: storedByteLength(dtype, shape)!,
    };
  }

  async #gather(tensor: PickledTensor): Promise<Uint8Array> {
    const { byteSize } = dtypeInfo(tensor.dtype);
    const span = new Uint8Array(spanOf(tensor) * byteSize);
    await this.#readStorage(tensor, span, 0);
    return gather(tensor, span, byteSize);
  }

  /** Bytes of the storage from `start` bytes behind the tensor's first element on, little-endian. */
  async #readStorage(
    { storage, dtype, offset }: PickledTensor,
    target: Uint8Array,
    start: number,
  ): Promise<void> {
    const { byteSize } = dtypeInfo(dtype);
    const dataStart = await this.#findStorage(storage.key);
    await this.#reader.readInto(target, dataStart + offset * byteSize + start);
    if (this.#archive.bigEndian) swapByteOrder(target, byteSize);
  }

  async #findStorage(key: string): Promise<number> {
    const known = this.#dataStarts.get(key);
    if (known !== undefined) return known;
    const start = await findEntryData(this.#reader, this.#archive.storages.get(key)!);
    this.#dataStarts.set(key, start);
    return start;
  }
}
