import type { Continuation } from "../http/client.ts";
import { continuesAt, wholeSize } from "../http/content-range.ts";
import { HttpFailure } from "../http/failure.ts";
import type { HubClient, HubReply, Validator } from "./client.ts";
import { HubIntegrityError, HubResponseError } from "./errors.ts";
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
  const { commit, path, file, from } = request;
  if (file.size !== undefined && from >= file.size) return;
  let mirror: Validator | undefined;
  const ask = async (position: number): Promise<Continuation> => {
    const reply = await client.request(filePath(client.model, commit, path), {
      position,
      etag: file.etag,
      mirror,
    });
    const end = await checkReply(client, reply, request, position);
    mirror = strongValidator(reply) ?? mirror;
    return { exchange: reply, end, limit: LARGEST_UNTOLD };
  };
  try {
    yield* client.resuming(from, ask);
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw new HubIntegrityError(client.model, `${path}: ${error.message}`, { cause: error });
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

/** RFC 9110 13.1.5: weak ETags are of no use for ranges. */
function strongValidator({ response, url }: HubReply): Validator | undefined {
  const etag = response.headers.get("etag");
  return etag?.startsWith('"') ? { origin: new URL(url).origin, etag } : undefined;
}
