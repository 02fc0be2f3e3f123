import { quote } from "./quote.ts";

/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Of parsed JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A value as error messages show it, short whatever it is. */
export function showJson(value: JsonValue): string {
  if (typeof value === "string") return quote(value.length > 80 ? `${value.slice(0, 77)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return isJsonObject(value) ? "an object" : String(value);
}
