/** What a snapshot in the cache has. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelListing } from "./listing.ts";
import type { ModelCache } from "./model-cache-node.ts";
import { type ModelPlan, planModel } from "./model-plan.ts";

/** The files of a cached commit. */
export interface CachedListing {
  readonly listing: ModelListing;
  /** Whether the hub listed the files; else they are what the snapshot has. */
  readonly isListed: boolean;
}

export async function cachedListing(cache: ModelCache, commit: string): Promise<CachedListing> {
  const listing = await cache.readListing(commit);
  if (listing !== undefined) return { listing, isListed: true };
  return { listing: await cache.listSnapshot(commit), isListed: false };
}

/** @returns undefined where the snapshot does not have the file */
export async function readSnapshotFile(
  cache: ModelCache,
  commit: string,
  path: string,
): Promise<Uint8Array | undefined> {
  return await readFile(join(cache.snapshot(commit), path)).catch(() => undefined);
}

/** Whether a snapshot has what loading the model asks for. */
export async function isComplete(cache: ModelCache, listing: ModelListing): Promise<boolean> {
  const { commit, files } = listing;
  const { descriptions, weights }: ModelPlan = await planModel(listing, (path) =>
    readSnapshotFile(cache, commit, path),
  );
  for (const path of [...descriptions, ...weights]) {
    if (!(await cache.hasFile(commit, path, files.get(path)!))) return false;
  }
  return weights.length > 0;
}
