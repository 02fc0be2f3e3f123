import { FormatError } from "../../errors.ts";
import type { Line } from "./lines.ts";

export interface CsvRecord {
  readonly fields: readonly string[];
  /** Of the record's first line, from 1 on. */
  readonly line: number;
}

/**
 * The records of comma-separated values as RFC 4180 has them: fields in quotes may contain delimiters, line ends and
 * doubled quotes. Lines end with LF or CR LF; empty ones are skipped, as in Python's csv. A quote inside a field
 * that does not begin with one stands for itself.
 *
 * @throws FormatError for a quoted field that does not end, or that goes on after its closing quote; with the line
 */
export async function* readCsv(
  lines: AsyncIterable<Line>,
  delimiter: string,
  file: string,
): AsyncGenerator<CsvRecord, void, undefined> {
  let open: OpenRecord | null = null;
  for await (const { text, number } of lines) {
    if (open === null) {
      if (text === "" || text === "\r") continue;
      open = new OpenRecord(number, delimiter, file);
    }
    const fields = open.addLine(text, number);
    if (fields === null) continue;
    yield { fields, line: open.line };
    open = null;
  }
  if (open !== null) {
    throw new FormatError(
      `line ${open.quoteLine}: expected the end of the quoted field, found the end of the file`,
      { code: "invalid-csv", file },
    );
  }
}

/** A record whose lines are still coming. */
class OpenRecord {
  readonly line: number;
  readonly #delimiter: string;
  readonly #file: string;
  readonly #fields: string[] = [];
  /** What a quoted field has so far; null: none is open. */
  #quoted: string | null = null;
  quoteLine = 0;

  constructor(line: number, delimiter: string, file: string) {
    this.line = line;
    this.#delimiter = delimiter;
    this.#file = file;
  }

  /** The fields, once the record is complete; null: it goes on in the next line. */
  addLine(line: string, number: number): readonly string[] | null {
    let position = 0;
    for (;;) {
      if (this.#quoted === null) {
        if (line[position] !== '"') {
          const end = line.indexOf(this.#delimiter, position);
          if (end === -1) {
            this.#fields.push(withoutReturn(line.slice(position)));
            return this.#fields;
          }
          this.#fields.push(line.slice(position, end));
          position = end + 1;
          continue;
        }
        this.#quoted = "";
        this.quoteLine = number;
        position++;
      }
      const quote = line.indexOf('"', position);
      if (quote === -1) {
        this.#quoted += `${line.slice(position)}\n`;
        return null;
      }
      this.#quoted += line.slice(position, quote);
      position = quote + 1;
      if (line[position] === '"') {
        this.#quoted += '"';
        position++;
        continue;
      }
      this.#fields.push(this.#quoted);
      this.#quoted = null;
      if (withoutReturn(line.slice(position)) === "") return this.#fields;
      if (line[position] !== this.#delimiter) throw this.#afterQuote(line[position]!, number);
      position++;
    }
  }

  #afterQuote(found: string, number: number): FormatError {
    const expected = this.#delimiter === "\t" ? "a tab" : `"${this.#delimiter}"`;
    return new FormatError(
      `line ${number}: expected ${expected} or the end of the line after a closing quote, found ${JSON.stringify(found)}`,
      { code: "invalid-csv", file: this.#file },
    );
  }
}

function withoutReturn(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
