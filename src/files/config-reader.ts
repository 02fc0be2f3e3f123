/** Reading JSON settings: every value is checked where it is read; unsupported settings raise an error that names them. */

import { FormatError, UnsupportedError } from "../errors.ts";
import type { FileSource } from "./file-source.ts";
import { type JsonObject, readJsonObject } from "./read-json.ts";
import { fileNameIn } from "./relative-path.ts";

/** A JSON object of a file, read value by value. */
export class ConfigReader {
  readonly json: JsonObject;
  readonly file: string;

  constructor(json: JsonObject, file: string) {
    this.json = json;
    this.file = file;
  }

  static async read(source: FileSource, path: string): Promise<ConfigReader> {
    return new ConfigReader(await readJsonObject(source, path), fileNameIn(source.name, path));
  }

  /** The first of these files that is there and holds any settings; undefined where none does. */
  static async firstFilled(source: FileSource, paths: readonly string[]): Promise<ConfigReader | undefined> {
    for (const path of paths) {
      if (!(await source.exists(path))) continue;
      const reader = await ConfigReader.read(source, path);
      if (Object.keys(reader.json).length > 0) return reader;
    }
    return undefined;
  }

  /** The same settings with some of them changed. */
  with(changes: JsonObject): ConfigReader {
    return new ConfigReader({ ...this.json, ...changes }, this.file);
  }

  /** True if the key is present and not null. */
  has(key: string): boolean {
    return Object.hasOwn(this.json, key) && this.json[key] !== null;
  }

  /** A whole number of at least `minimum`. Without a fallback it must be there. */
  integer(key: string, { fallback, minimum = 0 }: { fallback?: number; minimum?: number } = {}): number {
    const value = this.#value(key, fallback);
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum) {
      throw this.#expected(key, `a whole number from ${minimum} on`, value);
    }
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = this.#value(key, fallback);
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#expected(key, "a number", value);
    return value;
  }

  string(key: string, fallback?: string): string {
    const value = this.#value(key, fallback);
    if (typeof value !== "string") throw this.#expected(key, "a string", value);
    return value;
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.#value(key, fallback);
    if (typeof value !== "boolean") throw this.#expected(key, "true or false", value);
    return value;
  }

  /** {} where the key has no value. */
  object(key: string): JsonObject {
    const value = this.has(key) ? this.json[key] : {};
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#expected(key, "an object", value);
    }
    return value as JsonObject;
  }

  /** @throws UnsupportedError for keys beside the known ones: they may change the numbers. */
  refuseOthers(known: ReadonlySet<string>): void {
    const other = Object.keys(this.json).find((key) => !known.has(key));
    if (other !== undefined)
      throw new UnsupportedError(`unsupported key "${other}"`, {
        code: "unknown-setting",
        subject: other,
        file: this.file,
      });
  }

  /** @throws UnsupportedError for a value other than these: it would change the numbers. */
  refuseUnless(key: string, allowed: readonly unknown[]): void {
    if (this.has(key) && !allowed.includes(this.json[key])) {
      throw new UnsupportedError(`${key} ${JSON.stringify(this.json[key])} is not supported`, {
        code: "unsupported-setting",
        subject: key,
        file: this.file,
      });
    }
  }

  /** The fallback applies to missing keys only; null is treated as a value. */
  #value(key: string, fallback: unknown): unknown {
    if (Object.hasOwn(this.json, key)) return this.json[key];
    if (fallback !== undefined) return fallback;
    throw new FormatError(`"${key}" is missing`, { code: "missing-key", subject: key, file: this.file });
  }

  #expected(key: string, expected: string, found: unknown): FormatError {
    return new FormatError(`"${key}": expected ${expected}, found ${JSON.stringify(found)}`, {
      code: "invalid-value",
      subject: key,
      file: this.file,
    });
  }
}
