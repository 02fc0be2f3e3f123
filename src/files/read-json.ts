import { FormatError } from "../errors.ts";
import type { FileSource } from "./file-source.ts";
import { JsonCursor } from "./json-cursor.ts";
import type { JsonValue } from "./json-value.ts";
import { fileNameIn } from "./relative-path.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * A JSON file of the model, parsed as `parseJson` does.
 *
 * @throws FileError where it is missing.
 * @throws FormatError with line and column where it is not JSON.
 */
export async function readJson(source: FileSource, path: string): Promise<JsonValue> {
  return parseJson(await source.read(path), fileNameIn(source.name, path));
}

/**
 * JSON in UTF-8. A byte order mark is allowed, since editors put one there and it means nothing. Of duplicate keys the
 * last one counts, as in Python.
 *
 * @throws FormatError with line and column where it is not JSON.
 */
export function parseJson(bytes: Uint8Array, file: string): JsonValue {
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

/** The text of a JSON file, without its byte order mark. @throws FormatError where it is not UTF-8. */
export function decodeJsonText(bytes: Uint8Array, file: string): string {
  return decodeUtf8(bytes, "the text", file).replace(/^\ufeff/, "");
}
