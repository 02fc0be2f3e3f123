import { environmentVariable } from "./environment.ts";

/**
 * What SENTENSOR_DEBUG asks for: 1 for choices that were made, 2 for each kernel that is called, with shapes and time
 * (in one thread), 3 for generated code as text.
 */
type DebugLevel = 1 | 2 | 3;

export function isDebugging(level: DebugLevel): boolean {
  return Number(environmentVariable("SENTENSOR_DEBUG") ?? 0) >= level;
}

/** Prints a line to standard error for those who asked for that much. */
export function debug(level: DebugLevel, message: () => string): void {
  if (isDebugging(level)) console.error(`sentensor: ${message()}`);
}
