/** Run-time argument checks, for callers without TypeScript. */
import { ArgumentError } from "./errors.ts";

/** The kind of a value, in words. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : typeof value;
}

/** @throws ArgumentError for what is not a whole number from `minimum` on. */
export function checkWhole(value: number, name: string, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  const given = typeof value === "number" ? value : describe(value);
  throw new ArgumentError(`${name}: expected a whole number from ${minimum} on, got ${given}`, {
    subject: name,
  });
}

/** @throws ArgumentError for a callback that cannot be called. */
export function checkCallback(what: string, callback: unknown): void {
  if (callback === undefined || typeof callback === "function") return;
  throw new ArgumentError(`${what}: expected a function, got ${describe(callback)}`, { subject: what });
}

/** @throws ArgumentError for what is no AbortSignal, of whatever realm. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { throwIfAborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof throwIfAborted === "function" && typeof addEventListener === "function") return;
  throw new ArgumentError(`signal: expected an AbortSignal, got ${describe(signal)}`, { subject: "signal" });
}
