/** Reading JSON settings: every value is checked where it is read, and what we cannot run is refused by name. */
import type { FileSource } from "./checkpoint/file-source.ts";
import { type JsonObject, readJsonObject } from "./checkpoint/read-json.ts";
import { FormatError, UnsupportedError } from "./errors.ts";

/** A JSON object of a file, read value by value. */
export class ConfigReader {
  readonly json: JsonObject;
  readonly file: string;

  constructor(json: JsonObject, file: string) {
    this.json = json;
    this.file = file;
  }

  static async read(source: FileSource, path: string): Promise<ConfigReader> {
    return new ConfigReader(await readJsonObject(source, path), `${source.name.replace(/\/$/, "")}/${path}`);
  }

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

  /** Refuses a setting that changes the numbers and that we do not implement. */
  refuseUnless(key: string, allowed: readonly unknown[]): void {
    if (this.has(key) && !allowed.includes(this.json[key])) {
      throw new UnsupportedError(`${this.file}: ${key} ${JSON.stringify(this.json[key])} is not supported`);
    }
  }

  #value(key: string, fallback: unknown): unknown {
    if (this.has(key)) return this.json[key];
    if (fallback !== undefined) return fallback;
    throw new FormatError(`"${key}" is missing`, { file: this.file });
  }

  #expected(key: string, expected: string, found: unknown): FormatError {
    return new FormatError(`"${key}": expected ${expected}, found ${JSON.stringify(found)}`, {
      file: this.file,
    });
  }
}
