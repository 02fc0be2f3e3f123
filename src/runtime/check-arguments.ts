/** Run-time argument checks, for callers without TypeScript. */
import { ArgumentError } from "../errors.ts";

/** The kind of a value, in words, for error messages: "string", "null", "an array", "an object", "Map". */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return typeof value;
  const name: unknown = value.constructor?.name;
  return typeof name !== "string" || name === "" || name === "Object" ? "an object" : name;
}

/** @throws ArgumentError for what is not a whole number from `minimum` on. */
export function checkWhole(value: number, name: string, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  const given = typeof value === "number" ? value : describe(value);
  throw new ArgumentError(`${name}: expected a whole number from ${minimum} on, got ${given}`, {
    subject: name,
  });
}

/** Whether it has what is used of an AbortSignal, of whatever realm. */
export function isSignal(value: unknown): boolean {
  const { throwIfAborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof throwIfAborted === "function" && typeof addEventListener === "function";
}

/** Whether it can be called. */
export function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
