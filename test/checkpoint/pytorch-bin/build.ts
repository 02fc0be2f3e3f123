/** Zip files and pickles, byte by byte. */
import { concat, utf8 } from "../support.ts";

export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says, where it should lie. */
  readonly listed?: {
    readonly size?: number;
    readonly compressedSize?: number;
    readonly offset?: number;
    readonly name?: string;
  };
}

export interface ZipOptions {
  /** Puts every size and offset of the directory into zip64 fields. */
  readonly zip64?: boolean;
  readonly comment?: string;
  /** What the end record says, where it should lie. */
  readonly end?: {
    readonly count?: number;
    readonly size?: number;
    readonly offset?: number;
    readonly disk?: number;
  };
}

function fields(...parts: readonly (readonly [byteSize: 2 | 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of parts) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

const FULL = 0xffff_ffff;

export function zipFile(
  parts: readonly ZipPart[],
  { zip64 = false, comment = "", end = {} }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes, method = 0, flags = 0, listed = {} } of parts) {
    const encoded = utf8(name);
    const padding = fields([2, 0x4246], [2, 3], [2, 0], [2, 0]).subarray(0, 7);
    const header = fields(
      [4, 0x04034b50],
      [2, 20],
      [2, flags],
      [2, method],
      [4, 0],
      [4, 0],
      [4, bytes.length],
      [4, bytes.length],
      [2, encoded.length],
      [2, padding.length],
    );
    local.push(header, encoded, padding, bytes);
    const listedName = utf8(listed.name ?? name);
    const size = listed.size ?? bytes.length;
    const compressed = listed.compressedSize ?? size;
    const start = listed.offset ?? offset;
    const extra = zip64 ? fields([2, 0x9999], [2, 1], [2, 0]).subarray(0, 5) : new Uint8Array(0);
    const wide = zip64 ? fields([2, 1], [2, 24], [8, size], [8, compressed], [8, start]) : new Uint8Array(0);
    central.push(
      fields(
        [4, 0x02014b50],
        [2, 20],
        [2, 20],
        [2, flags],
        [2, method],
        [4, 0],
        [4, 0],
        [4, zip64 ? FULL : compressed],
        [4, zip64 ? FULL : size],
        [2, listedName.length],
        [2, extra.length + wide.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, zip64 ? FULL : start],
      ),
      listedName,
      extra,
      wide,
    );
    offset += header.length + encoded.length + padding.length + bytes.length;
  }
  const directory = concat(central);
  const count = end.count ?? parts.length;
  const size = end.size ?? directory.length;
  const start = end.offset ?? offset;
  const wideEnd = zip64
    ? [
        fields(
          [4, 0x06064b50],
          [8, 44],
          [2, 45],
          [2, 45],
          [4, 0],
          [4, 0],
          [8, count],
          [8, count],
          [8, size],
          [8, start],
        ),
        fields([4, 0x07064b50], [4, 0], [8, offset + directory.length], [4, 1]),
      ]
    : [];
  const encodedComment = utf8(comment);
  return concat([
    ...local,
    directory,
    ...wideEnd,
    fields(
      [4, 0x06054b50],
      [2, end.disk ?? 0],
      [2, 0],
      [2, zip64 ? 0xffff : count],
      [2, zip64 ? 0xffff : count],
      [4, zip64 ? FULL : size],
      [4, zip64 ? FULL : start],
      [2, encodedComment.length],
    ),
    encodedComment,
  ]);
}

/** A pickle out of opcodes: numbers are bytes, text is its UTF-8 bytes. */
export function pickle(...parts: readonly (number | string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return concat(
    parts.map((part) => {
      if (typeof part === "number") return Uint8Array.of(part);
      return typeof part === "string" ? utf8(part) : part;
    }),
  );
}

export const PROTO_2 = Uint8Array.of(0x80, 2);

/** GLOBAL */
export function imported(module: string, name: string): Uint8Array {
  return utf8(`c${module}\n${name}\n`);
}

/** BINUNICODE */
export function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return concat([utf8("X"), fields([4, bytes.length]), bytes]);
}

/** LONG1 of 8 bytes, which holds what BININT cannot. */
export function integer(value: number): Uint8Array {
  const bytes = new Uint8Array(10);
  bytes.set([0x8a, 8]);
  new DataView(bytes.buffer).setBigInt64(2, BigInt(value), true);
  return bytes;
}

/** MARK … TUPLE */
export function tuple(...items: readonly Uint8Array[]): Uint8Array {
  return concat([utf8("("), ...items, utf8("t")]);
}

/** REDUCE */
export function called(callee: Uint8Array, args: Uint8Array): Uint8Array {
  return concat([callee, args, utf8("R")]);
}

export interface TensorParts {
  readonly type?: Uint8Array;
  readonly key?: Uint8Array;
  readonly elements?: number;
  readonly offset?: Uint8Array;
  readonly size?: Uint8Array;
  readonly stride?: Uint8Array;
  readonly more?: readonly Uint8Array[];
}

/** A tensor as torch.save writes it: two f32 in the storage "0" unless told otherwise. */
export function tensor(parts: TensorParts = {}): Uint8Array {
  const storage = concat([
    tuple(
      text("storage"),
      parts.type ?? imported("torch", "FloatStorage"),
      parts.key ?? text("0"),
      text("cpu"),
      integer(parts.elements ?? 2),
    ),
    utf8("Q"),
  ]);
  const hooks = called(imported("collections", "OrderedDict"), utf8(")"));
  return called(
    imported("torch._utils", "_rebuild_tensor_v2"),
    tuple(
      storage,
      parts.offset ?? integer(0),
      parts.size ?? tuple(integer(2)),
      parts.stride ?? tuple(integer(1)),
      Uint8Array.of(0x89),
      hooks,
      ...(parts.more ?? []),
    ),
  );
}

/** The pickle of a dict. */
export function dict(...keysAndValues: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return pickle(PROTO_2, "}(", ...keysAndValues, "u.");
}

/** A pytorch_model.bin of one pickle and one storage of 8 bytes. */
export function bin(
  data: Uint8Array,
  more: readonly ZipPart[] = [],
  options: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const storage = new Uint8Array(Float32Array.of(1.5, -2).buffer);
  return zipFile(
    [
      { name: "archive/data.pkl", bytes: data },
      ...more,
      { name: "archive/data/0", bytes: storage },
      { name: "archive/version", bytes: utf8("3\n") },
    ],
    options,
  );
}
