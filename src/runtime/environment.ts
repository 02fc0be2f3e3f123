/** What this program runs in. */

/** Node, Deno or Bun: they have folders, worker threads and the modules that `*-node.ts` files import. */
export function isNodeCompatible(): boolean {
  return typeof process !== "undefined" && process.versions?.node !== undefined;
}

/** The major version of Node itself; 0 in other runtimes, which may name a version of Node that they resemble. */
export function nodeVersion(): number {
  if (typeof process === "undefined") return 0;
  const versions: Readonly<Record<string, string | undefined>> = process.versions ?? {};
  if (versions.bun !== undefined || versions.deno !== undefined) return 0;
  return Number.parseInt(versions.node ?? "0", 10);
}
