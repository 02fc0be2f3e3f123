/** From lines to texts, in each of the formats that the command line reads. */

import { FormatError } from "../../errors.ts";
import { isJsonObject } from "../../files/json-value.ts";
import { readCsv } from "./csv.ts";
import type { Line } from "./lines.ts";

export type InputFormat = "txt" | "jsonl" | "csv" | "tsv";

export const inputFormats: readonly InputFormat[] = ["txt", "jsonl", "csv", "tsv"];

export interface InputSettings {
  readonly format: InputFormat;
  /** Which field of the objects (jsonl), or which column (csv, tsv), holds the text. */
  readonly field: string;
}

/** The format that a file's name ends with; every other name is plain text. */
export function inputFormatOf(file: string): InputFormat {
  const extension = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase();
  if (extension === "ndjson") return "jsonl";
  return inputFormats.find((format) => format === extension) ?? "txt";
}

/** @throws FormatError with the line */
export function textsOf(
  lines: AsyncIterable<Line>,
  { format, field }: InputSettings,
  file: string,
): AsyncGenerator<string, void, undefined> {
  if (format === "txt") return plainTexts(lines);
  if (format === "jsonl") return jsonTexts(lines, field, file);
  return columnTexts(lines, field, format === "csv" ? "," : "\t", file);
}

/** Every line is a text, an empty one too. */
async function* plainTexts(lines: AsyncIterable<Line>): AsyncGenerator<string, void, undefined> {
  for await (const { text } of lines) yield text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** Every line is a JSON object with the text in a field, or a JSON string. */
async function* jsonTexts(
  lines: AsyncIterable<Line>,
  field: string,
  file: string,
): AsyncGenerator<string, void, undefined> {
  for await (const { text, number } of lines) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      const problem = text.trim() === "" ? "expected JSON, found nothing" : (cause as Error).message;
      throw new FormatError(`line ${number}: ${problem}`, { code: "invalid-json", file, cause });
    }
    if (isJsonObject(value)) value = Object.hasOwn(value, field) ? value[field] : undefined;
    if (typeof value !== "string") {
      const found = value === undefined ? "none" : JSON.stringify(value).slice(0, 40);
      throw new FormatError(`line ${number}: expected a string in the field "${field}", found ${found}`, {
        code: "missing-field",
        subject: field,
        file,
      });
    }
    yield value;
  }
}

/** The first record names the columns. */
async function* columnTexts(
  lines: AsyncIterable<Line>,
  column: string,
  delimiter: string,
  file: string,
): AsyncGenerator<string, void, undefined> {
  let names: readonly string[] | null = null;
  let index = -1;
  for await (const { fields, line } of readCsv(lines, delimiter, file)) {
    if (names === null) {
      names = fields;
      index = fields.indexOf(column);
      if (index === -1) {
        const known = fields.map((name) => JSON.stringify(name)).join(", ");
        throw new FormatError(`line ${line}: no column "${column}"; available: ${known}`, {
          code: "missing-column",
          subject: column,
          file,
        });
      }
    } else {
      if (fields.length !== names.length) {
        throw new FormatError(
          `line ${line}: expected ${names.length} fields, as in the first line, found ${fields.length}`,
          { code: "invalid-csv", file },
        );
      }
      yield fields[index]!;
    }
  }
  if (names === null)
    throw new FormatError("expected a line with the names of the columns, found none", {
      code: "invalid-csv",
      file,
    });
}
