import { FormatError } from "../errors.ts";
import { quote } from "./quote.ts";

export type JsonKind = "object" | "array" | "string" | "number" | "boolean" | "null";

/** Deeper nesting is refused; serde_json has the same limit. */
const MAX_DEPTH = 128;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/**
 * Reads JSON text value by value, saying at each what is expected. `JSON.parse` sees neither duplicate
 * keys nor how a number was written, and engines do not agree on saying where an error is; this does.
 * All errors are FormatErrors with the file's name, the line and the column. Headers and indexes of checkpoints,
 * which must be exact, are read with it; everything else is parsed first, and read by `ConfigReader`.
 */
export class JsonCursor {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #depth = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  /** What kind of value comes next. */
  peek(): JsonKind {
    this.#skipBlanks();
    const next = this.#text[this.#at];
    if (next === "{") return "object";
    if (next === "[") return "array";
    if (next === '"') return "string";
    if (next === "n") return "null";
    if (next === "t" || next === "f") return "boolean";
    if (next === "-" || (next !== undefined && next >= "0" && next <= "9")) return "number";
    throw this.#unexpected("a JSON value");
  }

  /** Calls `readValue` at the value of each key; it must read that value. Duplicate keys are refused. */
  readObject(readValue: (key: string) => void): void {
    const keys = new Set<string>();
    this.#members((key, at) => {
      if (keys.has(key)) throw this.#error(`the key ${quote(key)} appears twice`, at);
      keys.add(key);
      readValue(key);
    });
  }

  /** Calls `readItem` at each item; it must read that item. */
  readArray(readItem: () => void): void {
    this.#enter("[", "an array");
    if (!this.#take("]")) {
      do readItem();
      while (this.#take(","));
      this.#require("]", '"," or "]"');
    }
    this.#depth--;
  }

  readString(): string {
    this.#skipBlanks();
    if (this.#text[this.#at] !== '"') throw this.#unexpected("a string");
    const start = this.#at++;
    let escaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at); // NaN behind the end
      if (code === 0x22) break;
      if (!(code >= 0x20)) throw this.#unexpected("the string's end or a character of it");
      if (code === 0x5c) {
        escaped = true;
        this.#at++;
      }
      this.#at++;
    }
    this.#at++;
    if (!escaped) return this.#text.slice(start + 1, this.#at - 1);
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw this.#error("this string has an invalid escape", start);
    }
  }

  /** A number as it is written. */
  readNumber(): string {
    this.#skipBlanks();
    NUMBER.lastIndex = this.#at;
    const token = NUMBER.exec(this.#text)?.[0];
    if (token === undefined) throw this.#unexpected("a number");
    this.#at += token.length;
    return token;
  }

  /** Reads a value of any kind without keeping it; duplicate keys in it are not looked for. */
  skipValue(): void {
    const kind = this.peek();
    if (kind === "object") this.#members(() => this.skipValue());
    else if (kind === "array") this.readArray(() => this.skipValue());
    else if (kind === "string") this.readString();
    else if (kind === "number") this.readNumber();
    else {
      const word = ["null", "true", "false"].find((candidate) => this.#text.startsWith(candidate, this.#at));
      if (word === undefined) throw this.#unexpected("a JSON value");
      this.#at += word.length;
    }
  }

  /** Blanks may follow the value; anything else may not. */
  end(): void {
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#unexpected("the end");
  }

  #members(readValue: (key: string, at: number) => void): void {
    this.#enter("{", "an object");
    if (!this.#take("}")) {
      do {
        this.#skipBlanks();
        const at = this.#at;
        const key = this.readString();
        this.#require(":", '":"');
        readValue(key, at);
      } while (this.#take(","));
      this.#require("}", '"," or "}"');
    }
    this.#depth--;
  }

  #enter(bracket: string, expected: string): void {
    this.#require(bracket, expected);
    if (++this.#depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH} levels`, this.#at - 1);
  }

  #require(character: string, expected: string): void {
    if (!this.#take(character)) throw this.#unexpected(expected);
  }

  #take(character: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(expected: string): FormatError {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    return this.#error(`expected ${expected}, found ${rest === "" ? "the end" : quote(rest)}`, this.#at);
  }

  #error(message: string, at: number): FormatError {
    let line = 1;
    let lineStart = 0;
    for (;;) {
      const newline = this.#text.indexOf("\n", lineStart);
      if (newline < 0 || newline >= at) break;
      lineStart = newline + 1;
      line++;
    }
    return new FormatError(`not JSON as expected at line ${line}, column ${at - lineStart + 1}: ${message}`, {
      code: "invalid-json",
      file: this.#file,
    });
  }
}
