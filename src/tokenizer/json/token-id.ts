import type { ConfigReader } from "../../files/config-reader.ts";

/** Ids are stored as int32. */
const LARGEST = 2 ** 31 - 1;

export function isTokenId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= LARGEST;
}

/** The token id that a field holds. @throws FormatError where it holds none */
export function readTokenId(fields: ConfigReader, name: string): number {
  return fields.integer(name, { maximum: LARGEST });
}
