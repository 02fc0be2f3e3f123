/**
 * What torch.save puts into a state dict's pickle: torch/_utils.py, torch/serialization.py and
 * torch/_weights_only_unpickler.py of torch 2.13. Of what that loader allows, only plain dense tensors.
 */
import { FormatError, UnsupportedError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import { type CheckpointDType, dtypeInfo, elementCount } from "../dtype.ts";
import {
  PickleDict,
  type PickleHost,
  PickleList,
  PickleTuple,
  type PickleValue,
  unpickle,
} from "./pickle.ts";
import { type StridedView, spanOf } from "./strided.ts";

/** A block of bytes in the archive that tensors are views of; several may share it. */
export class Storage {
  /** The name of its entry below `data/`. */
  readonly key: string;
  /** "untyped" storages only count bytes. */
  readonly dtype: CheckpointDType | "untyped";
  readonly byteLength: number;

  constructor(key: string, dtype: CheckpointDType | "untyped", byteLength: number) {
    this.key = key;
    this.dtype = dtype;
    this.byteLength = byteLength;
  }
}

export class PickledTensor implements StridedView {
  readonly storage: Storage;
  readonly dtype: CheckpointDType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;

  constructor(storage: Storage, dtype: CheckpointDType, { shape, strides, offset }: StridedView) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
  }
}

/** torch's own limit. */
const MOST_AXES = 64;

const storageDTypes: ReadonlyMap<string, CheckpointDType | "untyped"> = new Map([
  ["torch.DoubleStorage", "F64"],
  ["torch.FloatStorage", "F32"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ShortStorage", "I16"],
  ["torch.CharStorage", "I8"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
  ["torch.UntypedStorage", "untyped"],
  ["torch.storage.UntypedStorage", "untyped"],
] as const);

const dtypes: ReadonlyMap<string, CheckpointDType> = new Map([
  ["torch.float64", "F64"],
  ["torch.float32", "F32"],
  ["torch.float16", "F16"],
  ["torch.bfloat16", "BF16"],
  ["torch.float8_e4m3fn", "F8_E4M3"],
  ["torch.float8_e5m2", "F8_E5M2"],
  ["torch.int64", "I64"],
  ["torch.int32", "I32"],
  ["torch.int16", "I16"],
  ["torch.int8", "I8"],
  ["torch.uint64", "U64"],
  ["torch.uint32", "U32"],
  ["torch.uint16", "U16"],
  ["torch.uint8", "U8"],
  ["torch.bool", "BOOL"],
] as const);

/**
 * The tensors of a state dict by name.
 *
 * @param storageSizes the bytes of each entry below `data/` of the archive
 * @throws FormatError where the pickle is broken or is no mapping from names to tensors.
 * @throws UnsupportedError where it asks for anything that plain dense tensors do not need.
 */
export function readStateDict(
  pickle: Uint8Array<ArrayBuffer>,
  storageSizes: ReadonlyMap<string, number>,
  file: string,
): ReadonlyMap<string, PickledTensor> {
  const root = unpickle(pickle, new TorchHost(storageSizes, file));
  if (!(root instanceof PickleDict)) {
    throw new FormatError(`expected a dict from names to tensors, found ${showPickled(root)}`, {
      code: "invalid-pickle",
      file,
    });
  }
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of root.entries) {
    if (typeof name !== "string") {
      throw new FormatError(`expected names of tensors as keys, found ${showPickled(name)}`, {
        code: "invalid-pickle",
        file,
      });
    }
    if (!(value instanceof PickledTensor)) {
      throw new FormatError(`${quote(name)}: expected a tensor, found ${showPickled(value)}`, {
        code: "invalid-pickle",
        file,
      });
    }
    if (tensors.has(name))
      throw new FormatError(`the tensor ${quote(name)} appears twice`, {
        code: "duplicate-name",
        subject: name,
        file,
      });
    tensors.set(name, value);
  }
  return tensors;
}

/** Something that a pickle may import: by name, so that messages can say what it was. */
class Import {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Call = (host: TorchHost, args: readonly PickleValue[]) => PickleValue;

const calls: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["collections.OrderedDict", (host, args) => host.emptyDict(args)],
  ["torch.Size", (host, args) => new PickleTuple(host.integers(args[0], "torch.Size"))],
  ["torch._utils._rebuild_tensor_v2", (host, args) => host.tensor(args.slice(0, 6), undefined, args[6])],
  ["torch._utils._rebuild_tensor_v3", (host, args) => host.tensor(args.slice(0, 6), args[6], args[7])],
  ["torch._utils._rebuild_parameter", (host, args) => host.parameter(args)],
]);

class TorchHost implements PickleHost {
  readonly file: string;
  readonly #storageSizes: ReadonlyMap<string, number>;

  constructor(storageSizes: ReadonlyMap<string, number>, file: string) {
    this.file = file;
    this.#storageSizes = storageSizes;
  }

  resolve(module: string, name: string): PickleValue {
    const full = `${module}.${name}`;
    if (calls.has(full) || storageDTypes.has(full) || dtypes.has(full)) return new Import(full);
    throw new UnsupportedError(
      `the pickle imports ${quote(full)}, which no checkpoint of plain dense tensors needs; it is never loaded`,
      { code: "unsupported-pickle", subject: full, file: this.file },
    );
  }

  call(callee: PickleValue, args: PickleTuple): PickleValue {
    const call = callee instanceof Import ? calls.get(callee.name) : undefined;
    if (call === undefined) throw this.#broken(`calls ${showPickled(callee)}`);
    return call(this, args.items);
  }

  /** ("storage", storage type, key, location, element count) */
  loadPersistent(id: PickleValue): PickleValue {
    const items = id instanceof PickleTuple ? id.items : [];
    const [tag, type, key, location, count] = items;
    const dtype = type instanceof Import ? storageDTypes.get(type.name) : undefined;
    if (
      items.length !== 5 ||
      tag !== "storage" ||
      dtype === undefined ||
      typeof key !== "string" ||
      typeof location !== "string"
    ) {
      throw this.#broken(`describes a storage by ${showPickled(id)}`);
    }
    const elements = this.#integer(count, "the size of a storage");
    const byteLength = elements * (dtype === "untyped" ? 1 : dtypeInfo(dtype).byteSize);
    const found = this.#storageSizes.get(key);
    if (found === undefined)
      throw this.#broken(`refers to the storage ${quote(key)}, which is not in the archive`);
    if (found !== byteLength) {
      throw this.#broken(
        `expects ${byteLength} bytes in the storage ${quote(key)}; the archive has ${found}`,
      );
    }
    return new Storage(key, dtype, byteLength);
  }

  /** Attributes of the dict: torch keeps the versions of modules there, which say nothing about numbers. */
  setState(object: PickleValue, _state: PickleValue): void {
    if (!(object instanceof PickleDict)) throw this.#broken(`sets attributes of ${showPickled(object)}`);
  }

  emptyDict(args: readonly PickleValue[]): PickleDict {
    if (args.length > 0) throw this.#broken("makes an OrderedDict out of arguments");
    return new PickleDict();
  }

  parameter([tensor]: readonly PickleValue[]): PickledTensor {
    if (!(tensor instanceof PickledTensor)) throw this.#broken(`makes a parameter of ${showPickled(tensor)}`);
    return tensor;
  }

  /** (storage, storage_offset, size, stride, requires_grad, backward_hooks), then dtype and metadata. */
  tensor(args: readonly PickleValue[], dtypeArgument: PickleValue, metadata: PickleValue): PickledTensor {
    const [storage, offsetArgument, size, stride] = args;
    if (!(storage instanceof Storage)) throw this.#broken(`makes a tensor of ${showPickled(storage)}`);
    if (metadata !== undefined && metadata !== null && !isEmptyDict(metadata)) {
      throw new UnsupportedError(`a tensor has the metadata ${showPickled(metadata)}`, {
        code: "unsupported-pickle",
        file: this.file,
      });
    }
    const dtype =
      dtypeArgument === undefined
        ? storage.dtype
        : dtypeArgument instanceof Import
          ? dtypes.get(dtypeArgument.name)
          : undefined;
    if (dtype === undefined || dtype === "untyped") throw this.#broken("makes a tensor without a dtype");
    const shape = this.integers(size, "the shape of a tensor");
    const strides = this.integers(stride, "the strides of a tensor");
    const offset = this.#integer(offsetArgument, "the offset of a tensor");
    const tensor = new PickledTensor(storage, dtype, { shape, strides, offset });
    this.#checkView(tensor);
    return tensor;
  }

  integers(value: PickleValue, what: string): readonly number[] {
    if (!(value instanceof PickleTuple) && !(value instanceof PickleList)) {
      throw this.#broken(`gives ${showPickled(value)} as ${what}`);
    }
    if (value.items.length > MOST_AXES) {
      throw this.#broken(
        `gives ${value.items.length} numbers as ${what}; torch has at most ${MOST_AXES} axes`,
      );
    }
    return value.items.map((item) => this.#integer(item, what));
  }

  #checkView(tensor: PickledTensor): void {
    const { shape, strides, offset, dtype, storage } = tensor;
    if (shape.length !== strides.length) {
      throw this.#broken(`makes a tensor of shape [${shape}] with the strides [${strides}]`);
    }
    const available = Math.floor(storage.byteLength / dtypeInfo(dtype).byteSize);
    const count = elementCount(shape);
    const end = offset + spanOf(tensor);
    if (count === undefined || !(end <= available)) {
      throw this.#broken(
        `makes a tensor of shape [${shape}], strides [${strides}] and offset ${offset} of a storage of ${available} elements`,
      );
    }
    // Strides of 0 repeat elements: a few bytes could claim any size.
    if (count > available) {
      throw new UnsupportedError(
        `a tensor of shape [${shape}] is expanded from ${available} elements; call .contiguous() before torch.save`,
        { code: "unsupported-pickle", file: this.file },
      );
    }
  }

  #integer(value: PickleValue, what: string): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.#broken(`gives ${showPickled(value)} as ${what}`);
    }
    return value;
  }

  #broken(message: string): FormatError {
    return new FormatError(`the pickle ${message}`, { code: "invalid-pickle", file: this.file });
  }
}

function isEmptyDict(value: PickleValue): boolean {
  return value instanceof PickleDict && value.entries.length === 0;
}

function showPickled(value: PickleValue): string {
  if (value instanceof Import) return quote(value.name);
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  if (value instanceof PickleList) return `a list of ${value.items.length}`;
  if (value instanceof PickleDict) return `a dict of ${value.entries.length}`;
  if (value instanceof PickledTensor) return "a tensor";
  if (value instanceof Storage) return "a storage";
  if (typeof value === "string") return quote(value);
  return value === undefined ? "nothing" : String(value);
}
