import { ArgumentError } from "../errors.ts";

/** @throws ArgumentError where `value` is not a whole number from `minimum` on. */
export function checkWhole(value: number, name: string, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new ArgumentError(`${name}: expected a whole number from ${minimum} on, got ${String(value)}`, {
    subject: name,
  });
}
