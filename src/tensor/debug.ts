/** What the environment variables ask for; a browser has none. */
export function environment(name: string): string | undefined {
  return typeof process === "undefined" ? undefined : process.env?.[name];
}

/**
 * Prints a line to standard error for those who set SENTENSOR_DEBUG: 1 for choices that were made, 3 for generated
 * code as text.
 */
export function debug(level: 1 | 3, message: () => string): void {
  if (Number(environment("SENTENSOR_DEBUG") ?? 0) >= level) console.error(`sentensor: ${message()}`);
}
