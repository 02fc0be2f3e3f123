/** What this program runs in: the only file that looks for the globals of runtimes, `process` and `navigator`. */

/** undefined in browsers. Some bundlers and edge runtimes provide a part of it. */
function runtimeProcess(): Partial<typeof process> | undefined {
  return typeof process === "undefined" ? undefined : process;
}

/** Node, Deno or Bun: they have folders, worker threads and the modules that `*-node.ts` files import. */
export function isNodeCompatible(): boolean {
  return runtimeProcess()?.versions?.node !== undefined;
}

/** The major version of Node itself; 0 in other runtimes, which may name a version of Node that they resemble. */
export function nodeVersion(): number {
  const versions: Readonly<Record<string, string | undefined>> = runtimeProcess()?.versions ?? {};
  if (versions.bun !== undefined || versions.deno !== undefined) return 0;
  return Number.parseInt(versions.node ?? "0", 10);
}

/** undefined in browsers. */
export function environmentVariable(name: string): string | undefined {
  return runtimeProcess()?.env?.[name];
}

/** What is written on a terminal. */
export interface Terminal {
  /** Width in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** Standard error where it is a terminal, else undefined. */
export function errorTerminal(): Terminal | undefined {
  const stream = runtimeProcess()?.stderr;
  return stream?.isTTY === true ? stream : undefined;
}

/** How many threads the machine runs at once. */
export async function availableParallelism(): Promise<number> {
  if (typeof navigator !== "undefined" && navigator.hardwareConcurrency > 0) {
    return navigator.hardwareConcurrency;
  }
  if (!isNodeCompatible()) return 1;
  return (await import("./parallelism-node.ts")).availableParallelism();
}
