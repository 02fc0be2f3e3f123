import { createHash, type Hash } from "node:crypto";
import type { HubClient } from "./client.ts";
import { contentHashRule, wrongHash } from "./content-hash.ts";
import { HubConnectionError, HubIntegrityError, HubStorageError } from "./errors.ts";
import type { ModelFile } from "./listing.ts";
import type { ModelCache } from "./model-cache-node.ts";
import { claimPartialFile, PartialFile } from "./partial-file-node.ts";
import { storing } from "./storage-node.ts";
import { ResumeRefused, transfer } from "./transfer.ts";

export interface BlobRequest {
  readonly commit: string;
  readonly path: string;
  readonly file: ModelFile & { readonly etag: string };
  /** Bytes so far, of the size. */
  report(loaded: number): void;
}

/** How often a file is begun: anew after a part that cannot be continued, or that was not the file's. */
const MOST_BEGINNINGS = 2;

/** Between two looks at what another process writes, in milliseconds: at first, and at the longest. */
const FIRST_LOOK = 20;
const LONGEST_LOOK = 500;

/**
 * Downloads a file to its place among the blobs: goes on with what an earlier run left, and leaves what it
 * has for a later run where it fails. Two processes do not download the same file: one waits for the other.
 *
 * @returns whether the blob is new; false: it was there, or another process made it
 */
export async function downloadBlob(
  client: HubClient,
  cache: ModelCache,
  request: BlobRequest,
): Promise<boolean> {
  const { etag } = request.file;
  const wait = (milliseconds: number) => client.timing.wait(milliseconds, client.signal);
  let look = FIRST_LOOK;
  for (let beginnings = 1; ; ) {
    client.signal?.throwIfAborted();
    if (await hasBlob(cache, request)) return false;
    const part = await storing(cache.model, cache.blobs, () => claimPartialFile(cache.blobs, etag, wait));
    if (!(part instanceof PartialFile)) {
      request.report(part.busy);
      await wait(look);
      look = Math.min(2 * look, LONGEST_LOOK);
      continue;
    }
    try {
      if (await hasBlob(cache, request)) {
        await part.discard(); // another process finished it since we looked
        return false;
      }
      await fill(client, cache, part, request);
      if (await storing(cache.model, cache.blob(etag), () => part.finish(cache.blob(etag)))) return true;
    } catch (error) {
      const isSpoilt = error instanceof ResumeRefused || error instanceof HubIntegrityError;
      // A part is worth something to the next run, unless it is spoilt, or what fills the disk.
      if (isSpoilt || error instanceof HubStorageError) await part.discard();
      else await part.park();
      if (!isSpoilt || beginnings++ >= MOST_BEGINNINGS) {
        throw error instanceof ResumeRefused ? neverWhole(client, request) : error;
      }
    }
  }
}

async function hasBlob(cache: ModelCache, { file, report }: BlobRequest): Promise<boolean> {
  const found = await cache.sizeOf(cache.blob(file.etag));
  if (found === undefined || (file.size !== undefined && found !== file.size)) return false;
  report(found);
  return true;
}

async function fill(
  client: HubClient,
  cache: ModelCache,
  part: PartialFile,
  { commit, path, file, report }: BlobRequest,
): Promise<void> {
  const { size, etag } = file;
  if (size !== undefined && part.size > size) throw new ResumeRefused("too long");
  const hash = startHash(file);
  const guarded = <T>(action: () => Promise<T>) => storing(cache.model, cache.blob(etag), action);
  await guarded(async () => {
    for await (const bytes of part.content()) hash?.update(bytes);
  });
  report(part.size);
  for await (const bytes of transfer(client, { commit, path, file, from: part.size })) {
    hash?.update(bytes);
    await guarded(() => part.append(bytes));
    report(part.size);
  }
  const digest = hash?.digest("hex");
  if (digest !== undefined && digest !== etag) {
    throw new HubIntegrityError(client.model, wrongHash(path, etag, digest));
  }
}

function startHash(file: ModelFile): Hash | undefined {
  const rule = contentHashRule(file);
  return rule && createHash(rule.algorithm).update(rule.prefix);
}

function neverWhole(client: HubClient, { path }: BlobRequest): HubConnectionError {
  return new HubConnectionError(
    client.model,
    `${path}: the connection broke repeatedly, and the server cannot resume a file`,
  );
}
