import { FormatError } from "../errors.ts";
import type { FileSource } from "./file-source.ts";
import { JsonCursor } from "./json-cursor.ts";
import { fileNameIn } from "./relative-path.ts";
import { decodeUtf8 } from "./utf8.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * A JSON file of the model. It is UTF-8; a byte order mark is allowed, since editors put one there and
 * it means nothing. Of duplicate keys the last one counts, as in Python.
 *
 * @throws FileError where it is missing.
 * @throws FormatError with line and column where it is not JSON.
 */
export async function readJson(source: FileSource, path: string): Promise<JsonValue> {
  return parseJson(await source.read(path), fileNameIn(source.name, path));
}

/** A JSON file that must hold an object. @throws FormatError where it holds something else. */
export async function readJsonObject(source: FileSource, path: string): Promise<JsonObject> {
  const value = await readJson(source, path);
  if (kindOf(value) !== "an object") throw wrongKind(source, path, "an object", value);
  return value as JsonObject;
}

/** A JSON file that must hold an array. @throws FormatError where it holds something else. */
export async function readJsonArray(source: FileSource, path: string): Promise<readonly JsonValue[]> {
  const value = await readJson(source, path);
  if (!Array.isArray(value)) throw wrongKind(source, path, "an array", value);
  return value as readonly JsonValue[];
}

/** The text of a JSON file, without its byte order mark. @throws FormatError where it is not UTF-8. */
export function decodeJsonText(bytes: Uint8Array, file: string): string {
  return decodeUtf8(bytes, "the text", file).replace(/^\ufeff/, "");
}

function parseJson(bytes: Uint8Array, file: string): JsonValue {
  const text = decodeJsonText(bytes, file);
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    const cursor = new JsonCursor(text, file);
    cursor.skipValue(); // throws where the error is
    cursor.end();
    throw new FormatError("is not JSON", { code: "invalid-json", file, cause });
  }
}

function wrongKind(source: FileSource, path: string, expected: string, value: JsonValue): FormatError {
  return new FormatError(`expected ${expected}, found ${kindOf(value)}`, {
    code: "invalid-value",
    file: fileNameIn(source.name, path),
  });
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
