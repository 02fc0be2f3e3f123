/** How much room an installed system takes: the sum of its files' lengths. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Driver } from "./driver.ts";
import { type PeerOptions, REPOSITORY } from "./options.ts";
import { PEERS_FOLDER } from "./prerequisites.ts";
import type { System } from "./systems.ts";

/** Of one system of each kind. */
export async function installedBytes(
  systems: readonly System[],
  options: PeerOptions,
): Promise<ReadonlyMap<System["kind"], number>> {
  const sizes = new Map<System["kind"], number>();
  for (const system of systems) {
    if (!sizes.has(system.kind)) sizes.set(system.kind, await bytesOf(system, options));
  }
  return sizes;
}

async function bytesOf(system: System, { build, timeoutSeconds }: PeerOptions): Promise<number> {
  if (system.kind === "transformers.js") return sizeOf(join(PEERS_FOLDER, "node_modules"));
  if (system.kind === "sentensor") {
    const { files } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
    const papers = ["package.json", ...files.filter((name: string) => name !== "dist")];
    return papers.reduce((sum: number, name: string) => sum + sizeOf(join(REPOSITORY, name)), sizeOf(build));
  }
  const driver = new Driver(system.name, system.start(1), timeoutSeconds);
  try {
    return (await driver.request("installed")).bytes;
  } finally {
    await driver.close();
  }
}

function sizeOf(path: string): number {
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
