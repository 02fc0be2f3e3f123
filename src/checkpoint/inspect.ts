import type { FileSource } from "../files/file-source.ts";
import { quote } from "../files/quote.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { elementCount } from "./dtype.ts";
import { openCheckpoint, openCheckpointFile } from "./open.ts";

/**
 * What is in a checkpoint, as text for a terminal: its metadata, then name, type, shape and bytes of
 * every tensor in the order of the file, then the sums. Only headers are read.
 *
 * @param path a folder, a .safetensors, .bin, .pt or .pth file, or the index of a sharded one
 * @throws FileError, FormatError, UnsupportedError, ArgumentError as opening does.
 */
export async function inspectCheckpoint(path: string): Promise<string> {
  const checkpoint = await openPath(path);
  try {
    return describeCheckpoint(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

/** The listing of `inspectCheckpoint` for a checkpoint that is open. */
export function describeCheckpoint(checkpoint: Checkpoint): string {
  const tensors = [...checkpoint.tensors.values()];
  const files = new Set(tensors.map(({ file }) => file));
  const header = ["name", "dtype", "shape", "bytes", ...(files.size > 1 ? ["file"] : [])];
  const rows = tensors.map(({ name, dtype, shape, byteLength, file }) => [
    printable(name),
    dtype,
    `[${shape.join(", ")}]`,
    grouped(byteLength),
    ...(files.size > 1 ? [printable(file.slice(file.lastIndexOf("/") + 1))] : []),
  ]);
  const sections = [
    [printable(checkpoint.name)],
    [...checkpoint.metadata].map(([key, value]) => `${printable(key)}: ${printable(value)}`),
    tensors.length === 0 ? [] : columns([header, ...rows], header.indexOf("bytes")),
    [...sums(checkpoint)],
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${text.join("\n\n")}\n`;
}

async function openPath(path: string): Promise<Checkpoint> {
  const { openFolder } = await import("../sources/folder-source-node.ts");
  const [, parent = "", name = ""] = /^(.*[/\\])?([^/\\]*)$/s.exec(path) ?? [];
  if (name !== "" && name !== "." && name !== "..") {
    const folder: FileSource = await openFolder(parent === "" ? "." : parent);
    if (await folder.exists(name)) return await openCheckpointFile(folder, name);
  }
  return await openCheckpoint(await openFolder(path));
}

/** "12 tensors, 1,234 elements, 4,936 bytes", and the same by type where there are several. */
function* sums({ tensors }: Checkpoint): Generator<string> {
  const totals = new Map<string, { tensors: number; elements: number; bytes: number }>();
  const all = { tensors: 0, elements: 0, bytes: 0 };
  for (const { dtype, shape, byteLength } of tensors.values()) {
    const ofType = totals.get(dtype) ?? { tensors: 0, elements: 0, bytes: 0 };
    totals.set(dtype, ofType);
    for (const sum of [ofType, all]) {
      sum.tensors++;
      sum.elements += elementCount(shape) ?? 0;
      sum.bytes += byteLength;
    }
  }
  if (totals.size > 1) {
    for (const [dtype, sum] of totals) yield `${dtype}: ${describeSum(sum)}`;
  }
  yield totals.size === 1 ? `${describeSum(all)}, all ${[...totals.keys()]}` : describeSum(all);
}

function describeSum(sum: {
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
}): string {
  const plural = (count: number, noun: string): string =>
    `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
  return [plural(sum.tensors, "tensor"), plural(sum.elements, "element"), plural(sum.bytes, "byte")].join(
    ", ",
  );
}

function columns(rows: readonly (readonly string[])[], rightAligned: number): string[] {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === rightAligned ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

/** Names out of a file are quoted where a terminal might act on them, or a reader misread them. */
function printable(text: string): string {
  return /^[\u0021-\u007e]([\u0020-\u007e]{0,198}[\u0021-\u007e])?$/.test(text) ? text : quote(text);
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
