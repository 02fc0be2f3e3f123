import type { ErrorCode } from "../error-codes.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import type { FileSource } from "./file-source.ts";
import { isJsonObject, type JsonObject, type JsonValue, showJson } from "./json-value.ts";
import { readJson } from "./read-json.ts";
import { fileNameIn } from "./relative-path.ts";

/** Where an object stands in its file. */
export interface JsonPlace {
  /** As in `model` or `normalizer.normalizers[1]`; "" for the outermost object. */
  readonly path?: string;
  /** Of several outermost objects in one file, which: "entry 2". */
  readonly entry?: string;
}

/**
 * A JSON object of a file, read value by value. Each value is checked where it is read: errors state the file, the path
 * of the value in it (their `subject`), what was expected and what was found. The fallback of a method applies to
 * missing keys only; null is a value.
 */
export class ConfigReader {
  readonly json: JsonObject;
  readonly file: string;
  /** Where the object stands in the file; "" for the outermost. */
  readonly path: string;
  readonly #entry: string | undefined;

  /** @throws FormatError where `value` is no object. */
  constructor(value: JsonValue, file: string, { path = "", entry }: JsonPlace = {}) {
    this.file = file;
    this.path = path;
    this.#entry = entry;
    if (!isJsonObject(value)) throw this.#invalid(path, `expected an object, found ${showJson(value)}`);
    this.json = value;
  }

  /** A file that holds an object. @throws FileError where it is missing, FormatError where it holds anything else. */
  static async read(source: FileSource, path: string): Promise<ConfigReader> {
    return new ConfigReader(await readJson(source, path), fileNameIn(source.name, path));
  }

  /** A file that holds an array of objects. @throws as `read` */
  static async readEntries(source: FileSource, path: string): Promise<readonly ConfigReader[]> {
    const file = fileNameIn(source.name, path);
    const value = await readJson(source, path);
    if (!Array.isArray(value)) {
      throw new FormatError(`expected an array, found ${showJson(value)}`, { code: "invalid-value", file });
    }
    return value.map((item: JsonValue, i) => new ConfigReader(item, file, { entry: `entry ${i}` }));
  }

  /** The first of these files that is there and holds any settings; undefined where none does. */
  static async firstFilled(source: FileSource, paths: readonly string[]): Promise<ConfigReader | undefined> {
    for (const path of paths) {
      if (!(await source.exists(path))) continue;
      const reader = await ConfigReader.read(source, path);
      if (reader.keys().length > 0) return reader;
    }
    return undefined;
  }

  /** The same settings with some of them changed. */
  with(changes: JsonObject): ConfigReader {
    return this.#at(this.path, { ...this.json, ...changes });
  }

  /** True if the key is present and not null. */
  has(key: string): boolean {
    return this.get(key) !== null;
  }

  /** True if the key is present, be its value null. */
  hasOwn(key: string): boolean {
    return Object.hasOwn(this.json, key);
  }

  keys(): string[] {
    return Object.keys(this.json);
  }

  /** A value of any kind; null where the key is missing. */
  get(key: string): JsonValue {
    return this.hasOwn(key) ? this.json[key]! : null;
  }

  /** A whole number from `minimum` to `maximum`. Without a fallback it must be there. */
  integer(
    key: string,
    {
      fallback,
      minimum = 0,
      maximum = Number.MAX_SAFE_INTEGER,
    }: { fallback?: number; minimum?: number; maximum?: number } = {},
  ): number {
    const value = this.#value(key, fallback);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum) {
      return value;
    }
    const end = maximum === Number.MAX_SAFE_INTEGER ? "on" : `to ${maximum}`;
    throw this.wrong(key, `a whole number from ${minimum} ${end}`);
  }

  number(key: string, fallback?: number): number {
    const value = this.#value(key, fallback);
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.wrong(key, "a number");
    return value;
  }

  string(key: string, fallback?: string): string {
    const value = this.#value(key, fallback);
    if (typeof value !== "string") throw this.wrong(key, "a string");
    return value;
  }

  /** null where the value is null or missing. */
  nullableString(key: string): string | null {
    return this.has(key) ? this.string(key) : null;
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.#value(key, fallback);
    if (typeof value !== "boolean") throw this.wrong(key, "true or false");
    return value;
  }

  /** null where the value is null or missing. */
  nullableBoolean(key: string): boolean | null {
    return this.has(key) ? this.boolean(key) : null;
  }

  /** One of the named strings. */
  oneOf<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.#value(key, fallback);
    for (const choice of choices) if (choice === value) return choice;
    throw this.wrong(key, choices.map((choice) => `"${choice}"`).join(" or "));
  }

  array(key: string): readonly JsonValue[] {
    const value = this.#value(key, undefined);
    if (!Array.isArray(value)) throw this.wrong(key, "an array");
    return value;
  }

  object(key: string): ConfigReader {
    const value = this.#value(key, undefined);
    if (value === undefined || !isJsonObject(value)) throw this.wrong(key, "an object");
    return this.#at(this.pathOf(key), value);
  }

  /** null where the value is null or missing. */
  nullableObject(key: string): ConfigReader | null {
    return this.has(key) ? this.object(key) : null;
  }

  /** The elements of an array of objects. */
  objects(key: string): ConfigReader[] {
    return this.array(key).map((value, i) => this.#at(`${this.pathOf(key)}[${i}]`, value));
  }

  /** The path of a value in the file. */
  pathOf(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  /** The error for a value that is not as it must be. */
  wrong(key: string, expected: string): FormatError {
    const subject = this.pathOf(key);
    return this.hasOwn(key)
      ? this.#invalid(subject, `expected ${expected}, found ${showJson(this.json[key]!)}`)
      : this.#error(`"${subject}" is missing; expected ${expected}`, "missing-key", subject);
  }

  /** @throws UnsupportedError for keys beside the known ones: they may change the numbers. */
  refuseOthers(known: ReadonlySet<string>): void {
    const other = this.keys().find((key) => !known.has(key));
    if (other === undefined) return;
    const subject = this.pathOf(other);
    throw new UnsupportedError(`unsupported key "${subject}"`, {
      code: "unknown-setting",
      subject,
      file: this.file,
    });
  }

  /** @throws UnsupportedError for a value other than these: it would change the numbers. */
  refuseUnless(key: string, allowed: readonly unknown[]): void {
    if (!this.has(key) || allowed.includes(this.json[key])) return;
    const subject = this.pathOf(key);
    throw new UnsupportedError(`${subject} ${JSON.stringify(this.json[key])} is not supported`, {
      code: "unsupported-setting",
      subject,
      file: this.file,
    });
  }

  #value(key: string, fallback: JsonValue | undefined): JsonValue | undefined {
    return this.hasOwn(key) ? this.json[key] : fallback;
  }

  #at(path: string, value: JsonValue): ConfigReader {
    return new ConfigReader(value, this.file, {
      path,
      ...(this.#entry === undefined ? {} : { entry: this.#entry }),
    });
  }

  #invalid(path: string, problem: string): FormatError {
    return path === ""
      ? this.#error(problem, "invalid-value")
      : this.#error(`"${path}": ${problem}`, "invalid-value", path);
  }

  #error(message: string, code: ErrorCode, subject?: string): FormatError {
    const entry = this.#entry === undefined ? "" : `${this.#entry}: `;
    return new FormatError(entry + message, { code, subject, file: this.file });
  }
}
