import { FormatError } from "../../errors.ts";

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * An object of a JSON file whose fields are asked for by name and type. Every wrong field is refused with
 * the file, the path of the field, what was expected and what was found.
 */
export class JsonFields {
  readonly file: string;
  /** Where this object stands in the file, as in `model` or `normalizer.normalizers[1]`; "" for the root. */
  readonly path: string;
  readonly #object: { readonly [key: string]: Json };

  /** @throws FormatError where `value` is no object. */
  constructor(value: Json, file: string, path: string) {
    if (!isObject(value)) {
      throw new FormatError(`"${path}": expected an object, found ${describe(value)}`, {
        code: "invalid-value",
        subject: path,
        file,
      });
    }
    this.file = file;
    this.path = path;
    this.#object = value;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  keys(): string[] {
    return Object.keys(this.#object);
  }

  /** The value of a field, null where it is missing. */
  get(name: string): Json {
    return this.has(name) ? this.#object[name]! : null;
  }

  /** As `get`, for a field that `keys` lists. */
  own(name: string): Json {
    return this.#object[name]!;
  }

  /** The error for a field that is not as it must be. */
  wrong(name: string, expected: string): FormatError {
    const found = this.has(name) ? describe(this.#object[name]!) : "nothing";
    return new FormatError(`"${this.pathOf(name)}": expected ${expected}, found ${found}`, {
      code: this.has(name) ? "invalid-value" : "missing-key",
      subject: this.pathOf(name),
      file: this.file,
    });
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  string(name: string, otherwise?: string): string {
    const value = this.get(name);
    if (typeof value === "string") return value;
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    throw this.wrong(name, "a string");
  }

  /** A string, or null where the field is null or missing. */
  nullableString(name: string): string | null {
    const value = this.get(name);
    if (value === null || typeof value === "string") return value;
    throw this.wrong(name, "a string or null");
  }

  boolean(name: string, otherwise?: boolean): boolean {
    const value = this.get(name);
    if (typeof value === "boolean") return value;
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    throw this.wrong(name, "true or false");
  }

  /** A boolean, or null where the field is null or missing. */
  nullableBoolean(name: string): boolean | null {
    const value = this.get(name);
    if (value === null || typeof value === "boolean") return value;
    throw this.wrong(name, "true, false or null");
  }

  /** An integer from 0 to 2^53 − 1. */
  count(name: string, otherwise?: number): number {
    const value = this.get(name);
    if (isCount(value)) return value;
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    throw this.wrong(name, "an integer of at least 0");
  }

  /** A token id: an integer from 0 to 2^31 − 1. */
  id(name: string): number {
    const value = this.get(name);
    if (isTokenId(value)) return value;
    throw this.wrong(name, "a token id");
  }

  array(name: string): readonly Json[] {
    const value = this.get(name);
    if (Array.isArray(value)) return value;
    throw this.wrong(name, "an array");
  }

  object(name: string): JsonFields {
    const value = this.get(name);
    if (!isObject(value)) throw this.wrong(name, "an object");
    return new JsonFields(value, this.file, this.pathOf(name));
  }

  /** One of the named strings. */
  oneOf<T extends string>(name: string, choices: readonly T[], otherwise?: T): T {
    const value = this.get(name);
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    for (const choice of choices) if (choice === value) return choice;
    throw this.wrong(name, choices.map((choice) => `"${choice}"`).join(" or "));
  }

  /** The elements of an array of objects. */
  objects(name: string): JsonFields[] {
    return this.array(name).map((value, i) => new JsonFields(value, this.file, `${this.pathOf(name)}[${i}]`));
  }
}

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function isTokenId(value: unknown): value is number {
  return isCount(value) && value < 2 ** 31;
}

/** A value as error messages show it: short whatever it is. */
export function describe(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value !== null && typeof value === "object") return "an object";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * Reads a JSON file. @throws FormatError where the bytes are no UTF-8 or no JSON.
 */
export function parseJson(bytes: Uint8Array, file: string): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError("expected UTF-8 text, found other bytes", { code: "invalid-utf8", file, cause });
  }
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new FormatError(`expected JSON: ${(cause as Error).message}`, {
      code: "invalid-json",
      file,
      cause,
    });
  }
}
