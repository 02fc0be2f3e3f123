import type { HubClient } from "./client.ts";
import { HubIntegrityError, HubResponseError, RevisionNotFoundError } from "./errors.ts";
import { encodePath, hubPathProblem } from "./hub-path.ts";
import { isCommit } from "./revision.ts";
import { NoSuchEntryError } from "./status-error.ts";

/** What is known of a file before it is downloaded; undefined: the hub did not say. */
export interface ModelFile {
  /** In bytes. */
  readonly size: number | undefined;
  /** The name of its content: the SHA-256 of files in Git LFS, the object id that git gives all others. */
  readonly etag: string | undefined;
}

/** The files of a model at one commit, by path. */
export interface ModelListing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, ModelFile>;
}

/** A listing of 100 000 files is 20 MB long. */
const LONGEST_LISTING = 2 ** 25;

/**
 * Asks the hub for the commit that a revision stands for, and for its files.
 *
 * @param attempts how many times in a row the request may fail
 * @throws HubError of every kind
 */
export async function fetchListing(
  client: HubClient,
  revision: string,
  attempts?: number,
): Promise<ModelListing> {
  const path = `/api/models/${client.model}/revision/${encodeURIComponent(revision)}?blobs=true`;
  try {
    return parseListing(await client.retrying(() => fetchText(client, path), attempts), client);
  } catch (error) {
    if (error instanceof RevisionNotFoundError || error instanceof NoSuchEntryError) {
      throw new RevisionNotFoundError(
        client.model,
        `the model has no revision "${revision}" (branch, tag or commit); see ${client.endpoint}/${client.model}/tree/main`,
        { cause: error },
      );
    }
    throw error;
  }
}

async function fetchText(client: HubClient, path: string): Promise<string> {
  const reply = await client.request(path);
  if (reply.response.status !== 200) {
    await client.drop(reply);
    const { status } = reply.response;
    throw new HubResponseError(client.model, `${path}: the hub answered with status ${status}`, { status });
  }
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const bytes of client.body(reply)) {
    length += bytes.length;
    if (length > LONGEST_LISTING) throw badListing(client, `is longer than ${LONGEST_LISTING} bytes`);
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function parseListing(text: string, client: HubClient): ModelListing {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw badListing(client, "is not JSON", { cause });
  }
  const { sha, siblings } = (answer ?? {}) as { readonly sha?: unknown; readonly siblings?: unknown };
  if (!isCommit(sha)) throw badListing(client, 'has no commit ("sha", 40 hexadecimal digits)');
  if (!Array.isArray(siblings)) throw badListing(client, 'has no files ("siblings", an array)');
  const files = new Map<string, ModelFile>();
  for (const sibling of siblings as readonly unknown[]) {
    const { rfilename, ...properties } = (sibling ?? {}) as { readonly rfilename?: unknown };
    // Nobody can ask for a file of another name, so that nothing is lost with it.
    if (typeof rfilename !== "string" || hubPathProblem(rfilename) !== undefined) continue;
    files.set(rfilename, parseFile(properties));
  }
  return { commit: sha, files };
}

interface Sibling {
  readonly size?: unknown;
  readonly blobId?: unknown;
  readonly lfs?: { readonly size?: unknown; readonly sha256?: unknown } | null;
}

/** For a file in Git LFS, blobId is that of the pointer to it. */
function parseFile({ size, blobId, lfs }: Sibling): ModelFile {
  if (typeof lfs === "object" && lfs !== null) {
    return { size: asSize(lfs.size ?? size), etag: asHash(lfs.sha256, 64) };
  }
  return { size: asSize(size), etag: asHash(blobId, 40) };
}

function asSize(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function asHash(value: unknown, length: number): string | undefined {
  return typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}

function badListing(client: HubClient, problem: string, options?: ErrorOptions): HubResponseError {
  return new HubResponseError(
    client.model,
    `the answer of ${client.endpoint} ${problem}; is that the address of a hub?`,
    { ...options },
  );
}

/** The address of a file, behind the endpoint. */
export function filePath(model: string, commit: string, path: string): string {
  return `/${model}/resolve/${commit}/${encodePath(path)}`;
}

/** Asks for what the listing left open: mirrors of the hub may list only names. */
export async function describeFile(
  client: HubClient,
  commit: string,
  path: string,
  file: ModelFile,
): Promise<ModelFile> {
  if (file.size !== undefined && file.etag !== undefined) return file;
  const reply = await client.retrying(() =>
    client.request(filePath(client.model, commit, path), { method: "HEAD" }),
  );
  await client.drop(reply);
  return { size: file.size ?? reply.size, etag: file.etag ?? checkedEtag(client, path, reply.etag) };
}

/** An ETag is the name of a file in the cache. */
function checkedEtag(client: HubClient, path: string, etag: string | undefined): string | undefined {
  if (etag === undefined || /^[0-9A-Za-z][0-9A-Za-z_-]{7,127}$/.test(etag)) return etag;
  throw new HubIntegrityError(client.model, `${path}: the server's ETag cannot be used as a file name`, {
    code: "missing-etag",
  });
}

interface SavedListing {
  readonly version: 1;
  readonly commit: string;
  readonly files: Readonly<Record<string, ModelFile>>;
}

/** A listing as text, to be kept: it is always the same for a commit. */
export function formatListing({ commit, files }: ModelListing): string {
  const saved: SavedListing = { version: 1, commit, files: Object.fromEntries(files) };
  return JSON.stringify(saved);
}

/** What `formatListing` wrote; undefined where it is broken, or of another version. */
export function readListing(text: string): ModelListing | undefined {
  let saved: Partial<SavedListing> | null;
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch {
    return undefined;
  }
  if (saved?.version !== 1 || !isCommit(saved.commit)) return undefined;
  if (typeof saved.files !== "object" || saved.files === null) return undefined;
  const files = new Map<string, ModelFile>();
  for (const [path, file] of Object.entries(saved.files)) {
    if (hubPathProblem(path) !== undefined) return undefined;
    files.set(path, { size: asSize(file?.size), etag: asHash(file?.etag, 40) ?? asHash(file?.etag, 64) });
  }
  return { commit: saved.commit, files };
}
