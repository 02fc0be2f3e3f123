import { type HubClient, type HubReply, type Validator, wholeSize } from "./client.ts";
import { HubConnectionError, HubError, HubIntegrityError, HubResponseError } from "./errors.ts";
import { filePath, type ModelFile } from "./listing.ts";

export interface TransferRequest {
  readonly commit: string;
  readonly path: string;
  readonly file: ModelFile;
  /** The first byte that is wanted; those before it are there already. */
  readonly from: number;
}

/** The server cannot or will not continue where an earlier part ended: what is there has to go. */
export class ResumeRefused extends Error {}

/** So much has to arrive before a failure counts as the first one again. */
const ENOUGH_PROGRESS = 2 ** 16;

/** For files whose size nobody tells: there has to be an end. */
const LARGEST_UNTOLD = 2 ** 26;

/**
 * The bytes of a file from `from` on, as they arrive. A connection that breaks is taken up again where it
 * broke.
 *
 * @throws ResumeRefused where only the whole file can be had, although a part of it is there
 * @throws HubIntegrityError where the server's file is not the one that was listed
 * @throws HubError of the other kinds
 */
export async function* transfer(client: HubClient, request: TransferRequest): AsyncGenerator<Uint8Array> {
  const { path, file } = request;
  let position = request.from;
  let positionAtFailure = position;
  let failures = 0;
  let mirror: Validator | undefined;
  while (file.size === undefined || position < file.size) {
    try {
      const reply = await client.request(filePath(client.model, request.commit, path), {
        position,
        etag: file.etag,
        mirror,
      });
      const end = await checkReply(client, reply, request, position);
      mirror = strongValidator(reply) ?? mirror;
      for await (const bytes of client.body(reply)) {
        position += bytes.length;
        if (position > (end ?? LARGEST_UNTOLD)) throw tooLong(client, path, end);
        yield bytes;
      }
      if (end === undefined || position === end) return;
      throw new HubConnectionError(
        client.model,
        `${path}: the connection broke after ${position} of ${end} bytes`,
        { transient: true },
      );
    } catch (error) {
      // A name that cannot be looked up is hopeless at the start; later on it is a network that went away.
      const isLost = error instanceof HubConnectionError && position > request.from;
      if (!(error instanceof HubError && (error.transient || isLost))) throw error;
      if (position - positionAtFailure >= ENOUGH_PROGRESS) failures = 0;
      positionAtFailure = position;
      if (++failures >= client.timing.attempts) throw error;
      await client.pause(failures - 1, error);
    }
  }
}

/** Whether an answer continues the file at `position`. Returns the file's size where it is known. */
async function checkReply(
  client: HubClient,
  reply: HubReply,
  { commit, path, file }: TransferRequest,
  position: number,
): Promise<number | undefined> {
  const size = wholeSize(reply.response);
  let problem: Error | undefined;
  if (reply.commit !== undefined && reply.commit !== commit) {
    problem = new HubIntegrityError(client.model, `${path}: the server sent the file of another commit`);
  } else if (isOtherEtag(reply.etag, file.etag)) {
    problem = new HubIntegrityError(
      client.model,
      `${path}: the hub lists ${file.etag} and sends ${reply.etag}`,
    );
  } else if (position > 0 && !continuesAt(reply.response, position)) {
    problem = new ResumeRefused(`${path}: the server cannot resume at byte ${position}`);
  } else if (position === 0 && reply.response.status !== 200) {
    const { status } = reply.response;
    problem = new HubResponseError(client.model, `${path}: the hub answered with status ${status}`, {
      status,
    });
  } else if (size !== undefined && file.size !== undefined && size !== file.size) {
    problem = new HubIntegrityError(
      client.model,
      `${path}: expected ${file.size} bytes, the server has ${size}`,
    );
  }
  if (problem === undefined) return file.size ?? size;
  await client.drop(reply);
  throw problem;
}

/** Servers other than the hub may have ETags of their own making; those say nothing. */
function isOtherEtag(sent: string | undefined, listed: string | undefined): boolean {
  if (sent === undefined || listed === undefined || sent.length !== listed.length) return false;
  return /^[0-9a-f]+$/.test(sent) && sent !== listed;
}

function continuesAt({ status, headers }: Response, position: number): boolean {
  if (status !== 206 || (headers.get("content-encoding") ?? "identity") !== "identity") return false;
  const range = headers.get("content-range");
  // Across origins, scripts only see Content-Range where the server exposes it; the hash tells in the end.
  return range === null || /^bytes (\d+)-/.exec(range)?.[1] === String(position);
}

/** RFC 9110 13.1.5: weak ETags are of no use for ranges. */
function strongValidator({ response, origin }: HubReply): Validator | undefined {
  const etag = response.headers.get("etag");
  return etag?.startsWith('"') ? { origin, etag } : undefined;
}

function tooLong(client: HubClient, path: string, end: number | undefined): HubIntegrityError {
  const limit = end === undefined ? `at most ${LARGEST_UNTOLD}, as its size was not told,` : `${end}`;
  return new HubIntegrityError(client.model, `${path}: expected ${limit} bytes, the server sent more`);
}
