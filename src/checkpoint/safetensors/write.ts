import { ArgumentError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import { type CheckpointDType, storedByteLength } from "../dtype.ts";
import { fromFloat32, type WritableFloatDType } from "../from-float32.ts";

/** A tensor to be saved. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: CheckpointDType;
  readonly shape: readonly number[];
  /**
   * The bytes as the file holds them (little-endian, row-major), or a function that makes them; it is
   * called when their turn comes, so that converted copies never exist all at once.
   */
  readonly bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

/** f32 values as a tensor of the file, converted when their turn comes. */
export function float32ToWrite(
  name: string,
  shape: readonly number[],
  values: Float32Array,
  dtype: WritableFloatDType = "F32",
): TensorToWrite {
  return { name, dtype, shape, bytes: () => fromFloat32(dtype, values) };
}

/** The order of the reference writer: wider elements first, so that all of them are aligned. */
const dtypeOrder: readonly CheckpointDType[] = [
  "U64",
  "I64",
  "F64",
  "F32",
  "U32",
  "I32",
  "BF16",
  "F16",
  "U16",
  "I16",
  "F8_E4M3",
  "F8_E5M2",
  "I8",
  "U8",
  "BOOL",
];

/** Bytes in shared memory are copied out in pieces of this size: Blobs and streams do not take them. */
const SHARED_PIECE = 2 ** 20;

/**
 * A safetensors file, in pieces: the header, then the tensors one after the other, each as it is. The
 * bytes are those that the reference writer (safetensors 0.8, `safetensors.numpy.save`) makes of the same
 * input; only the order of several metadata keys, random there, is by name here.
 *
 * @throws ArgumentError before the first piece for names, shapes or metadata that a file cannot hold; at
 *   a tensor's turn where its function gives bytes that do not fit its shape.
 */
export async function* writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata?: ReadonlyMap<string, string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const sorted = [...tensors].sort(
    (a, b) => dtypeOrder.indexOf(a.dtype) - dtypeOrder.indexOf(b.dtype) || compareNames(a.name, b.name),
  );
  yield header(sorted, metadata);
  for (const tensor of sorted) {
    const bytes = typeof tensor.bytes === "function" ? await tensor.bytes() : tensor.bytes;
    checkLength(tensor, bytes);
    yield* unshared(bytes);
  }
}

function header(
  sorted: readonly TensorToWrite[],
  metadata: ReadonlyMap<string, string> | undefined,
): Uint8Array<ArrayBuffer> {
  const entries: string[] = [];
  if (metadata !== undefined) entries.push(`"__metadata__":{${metadataEntries(metadata).join(",")}}`);
  let end = 0;
  const names = new Set<string>();
  for (const tensor of sorted) {
    const { name, dtype, shape } = tensor;
    if (names.has(name))
      throw new ArgumentError(`writeSafetensors: two tensors are called ${quote(name)}`, {
        code: "duplicate-name",
        subject: name,
      });
    if (name === "__metadata__") {
      throw new ArgumentError('writeSafetensors: "__metadata__" cannot be the name of a tensor', {
        code: "reserved-name",
        subject: "__metadata__",
      });
    }
    names.add(name);
    const start = end;
    end += byteLengthOf(tensor);
    const info = `{"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${start},${end}]}`;
    entries.push(`${jsonString(name)}:${info}`);
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8; // the data begins aligned, whatever its type
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

function metadataEntries(metadata: ReadonlyMap<string, string>): string[] {
  return [...metadata]
    .sort(([a], [b]) => compareNames(a, b))
    .map(([key, value]) => `${jsonString(key)}:${jsonString(value)}`);
}

/** As serde_json writes it, which for well-formed text is also how JSON.stringify does. */
function jsonString(text: string): string {
  if (typeof text !== "string" || /\p{Surrogate}/u.test(text)) {
    throw new ArgumentError(
      `writeSafetensors: expected Unicode text as names and metadata, got ${quote(String(text))}`,
      { code: "invalid-unicode", subject: String(text) },
    );
  }
  return JSON.stringify(text);
}

function byteLengthOf(tensor: TensorToWrite): number {
  const { name, dtype, shape } = tensor;
  if (!dtypeOrder.includes(dtype)) {
    throw new ArgumentError(
      `writeSafetensors: tensor ${quote(name)} has the unknown dtype ${quote(String(dtype))}`,
      { code: "unsupported-dtype", subject: name },
    );
  }
  const length = shape.every((size) => Number.isSafeInteger(size) && size >= 0)
    ? storedByteLength(dtype, shape)
    : undefined;
  if (length === undefined) {
    throw new ArgumentError(
      `writeSafetensors: tensor ${quote(name)}: expected whole numbers from 0 on as shape, got [${shape.join(", ")}]`,
      {
        subject: name,
      },
    );
  }
  if (typeof tensor.bytes !== "function") checkLength(tensor, tensor.bytes);
  return length;
}

function checkLength({ name, dtype, shape }: TensorToWrite, bytes: Uint8Array): void {
  const expected = storedByteLength(dtype, shape);
  if (bytes.length !== expected) {
    throw new ArgumentError(
      `writeSafetensors: tensor ${quote(name)} [${shape.join(", ")}] of ${dtype} takes ${expected} bytes, got ${bytes.length}`,
      { code: "shape-mismatch", subject: name },
    );
  }
}

function* unshared(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  if (bytes.buffer instanceof ArrayBuffer) {
    if (bytes.length > 0) yield bytes as Uint8Array<ArrayBuffer>;
    return;
  }
  for (let start = 0; start < bytes.length; start += SHARED_PIECE) {
    yield bytes.slice(start, start + SHARED_PIECE);
  }
}

/** By code points, as Rust and Python order text; JavaScript's own order is by UTF-16 units. */
function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate half stands for a code point above all others of one unit.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
  }
  return a.length - b.length;
}
