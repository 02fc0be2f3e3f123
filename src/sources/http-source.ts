import { ArgumentError, FileError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { checkReadRange } from "../files/read-range.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { MemoryReader } from "./memory-source.ts";

export interface HttpSourceOptions {
  /** Sent with every request, for example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What requests go through; the runtime's own `fetch` where it is not given. */
  readonly fetch?: typeof fetch | undefined;
}

const optionNames: OptionNames<HttpSourceOptions> = { headers: true, signal: true, fetch: true };

/**
 * Files below an address: `new HttpSource("https://example.org/models/mini")`. They are read by ranges,
 * a little ahead, so that the many small tensors of a checkpoint do not cost a request each. From a
 * server that ignores ranges the whole file is fetched once and kept.
 *
 * A reply of type text/html counts as a missing file: servers of single-page applications answer with
 * their start page, status 200, whatever was asked for.
 *
 * Statuses and broken connections are FileErrors; a raised `signal` rejects with its own reason.
 */
export class HttpSource implements FileSource {
  readonly name: string;
  readonly #client: Client;

  /** @throws ArgumentError where `baseUrl` is not an http(s) address, or has a query or a password. */
  constructor(baseUrl: string | URL, options: HttpSourceOptions = {}) {
    options = readOptions("HttpSource", options, optionNames);
    this.name = checkedBase(baseUrl);
    this.#client = new Client(options);
  }

  async exists(path: string): Promise<boolean> {
    const url = this.#url(path);
    let response = await this.#client.request(url, this.#file(path), { method: "HEAD" });
    if (response.status === 405 || response.status === 501) {
      response = await this.#client.request(url, this.#file(path), { range: [0, 1] });
    }
    await response.body?.cancel();
    if (response.status === 416) return true; // an empty file has no first byte
    if (isMissing(response, path)) return false;
    if (!response.ok) throw statusError(this.#file(path), response);
    return true;
  }

  async open(path: string): Promise<RangeReader> {
    return await openReader(this.#client, this.#url(path), this.#file(path), path);
  }

  async read(path: string): Promise<Uint8Array> {
    const file = this.#file(path);
    const response = await this.#client.request(this.#url(path), file, {});
    await checkOk(response, file, path);
    return await this.#client.wholeBody(response, file);
  }

  #url(path: string): string {
    checkRelativePath(this.name, path);
    return fileNameIn(this.name, path.split("/").map(encodeURIComponent).join("/"));
  }

  #file(path: string): string {
    return fileNameIn(this.name, path);
  }
}

function checkedBase(baseUrl: string | URL): string {
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch (cause) {
    throw new ArgumentError(`HttpSource: expected an address, got ${JSON.stringify(String(baseUrl))}`, {
      code: "invalid-address",
      cause,
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new ArgumentError(`HttpSource: expected an http or https address, got ${url.protocol}`, {
      code: "invalid-address",
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new ArgumentError(
      "HttpSource: expected an address without user and password; pass them as a header",
      { code: "invalid-address" },
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new ArgumentError(
      `HttpSource: expected the address of a folder, without query and fragment, got ${url.href}`,
      { code: "invalid-address" },
    );
  }
  return url.href.replace(/\/$/, "");
}

interface RequestInit {
  readonly method?: "GET" | "HEAD";
  /** First byte and the one behind the last. */
  readonly range?: readonly [number, number];
}

class Client {
  readonly #options: HttpSourceOptions;

  constructor(options: HttpSourceOptions) {
    this.#options = { ...options, headers: { ...options.headers } };
  }

  async request(url: string, file: string, { method = "GET", range }: RequestInit): Promise<Response> {
    const headers: Record<string, string> = { ...this.#options.headers };
    if (range !== undefined) {
      headers.range = `bytes=${range[0]}-${range[1] - 1}`;
      headers["accept-encoding"] = "identity"; // a range of compressed bytes would be of no use
    }
    const send = this.#options.fetch ?? globalThis.fetch;
    const { signal } = this.#options;
    return await this.#attempt(file, () => send(url, { method, headers, ...(signal && { signal }) }));
  }

  async wholeBody(response: Response, file: string): Promise<Uint8Array> {
    return new Uint8Array(await this.#attempt(file, () => response.arrayBuffer()));
  }

  /** The body goes to `target` as it arrives, which it must fill exactly. */
  async bodyInto(response: Response, file: string, target: Uint8Array): Promise<void> {
    let filled = 0;
    const stream = response.body?.getReader();
    while (stream !== undefined) {
      const { done, value } = await this.#attempt(file, () => stream.read());
      if (done) break;
      if (filled + value.length > target.length) {
        await stream.cancel();
        throw new FileError(file, `the server sent more than the ${target.length} bytes requested`, {
          code: "server-error",
        });
      }
      target.set(value, filled);
      filled += value.length;
    }
    if (filled < target.length) {
      throw new FileError(file, `the server sent ${filled} of the ${target.length} bytes requested`, {
        code: "truncated-file",
      });
    }
  }

  async #attempt<T>(file: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      this.#options.signal?.throwIfAborted();
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      const reason = inner instanceof Error ? inner.message : String(inner);
      throw new FileError(file, `fetch failed: ${reason}`, { code: "fetch-failed", cause });
    }
  }
}

/** Read-ahead starts with this, enough for most headers, and doubles while reads go on in order. */
const SMALLEST_READ = 2 ** 18;
const LARGEST_READ_AHEAD = 2 ** 23;

async function openReader(client: Client, url: string, file: string, path: string): Promise<RangeReader> {
  const response = await client.request(url, file, { range: [0, SMALLEST_READ] });
  if (response.status === 416) {
    await response.body?.cancel();
    if (contentRange(response)?.total === 0) return new MemoryReader(file, new Uint8Array(0));
    throw statusError(file, response);
  }
  await checkOk(response, file, path);
  if (response.status !== 206) return new MemoryReader(file, await client.wholeBody(response, file));
  const range = contentRange(response);
  if (range?.start !== undefined && range.start !== 0) {
    await response.body?.cancel();
    throw rangeError(file, range.start, 0);
  }
  // Across origins, scripts only see Content-Range where the server exposes it; Content-Length they always see.
  const size = range?.total ?? (await sizeFromHead(client, url, file, path));
  const first = new Uint8Array(Math.min(size, SMALLEST_READ));
  await client.bodyInto(response, file, first);
  return new HttpReader(client, url, file, { size, etag: response.headers.get("etag"), first });
}

async function sizeFromHead(client: Client, url: string, file: string, path: string): Promise<number> {
  const response = await client.request(url, file, { method: "HEAD" });
  await checkOk(response, file, path);
  const size = Number(response.headers.get("content-length") ?? Number.NaN);
  if (!Number.isSafeInteger(size))
    throw new FileError(file, "the server does not report the length of the file", { code: "server-error" });
  return size;
}

interface OpenedFile {
  readonly size: number;
  readonly etag: string | null;
  /** The file's first bytes, already there. */
  readonly first: Uint8Array;
}

class HttpReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly #client: Client;
  readonly #url: string;
  readonly #etag: string | null;
  #block: { readonly start: number; readonly bytes: Uint8Array };
  #readAhead = SMALLEST_READ;

  constructor(client: Client, url: string, name: string, { size, etag, first }: OpenedFile) {
    this.#client = client;
    this.#url = url;
    this.name = name;
    this.size = size;
    this.#etag = etag;
    this.#block = { start: 0, bytes: first };
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    checkReadRange(this, target.length, position);
    const filled = this.#fromBlock(target, position);
    if (filled === target.length) return;
    const rest = target.subarray(filled);
    const start = position + filled;

    const inOrder = start === this.#block.start + this.#block.bytes.length;
    this.#readAhead = inOrder ? Math.min(2 * this.#readAhead, LARGEST_READ_AHEAD) : SMALLEST_READ;
    if (rest.length >= this.#readAhead) {
      await this.#fetchInto(rest, start);
      this.#block = { start: start + rest.length, bytes: new Uint8Array(0) };
      return;
    }
    const bytes = new Uint8Array(Math.min(this.#readAhead, this.size - start));
    await this.#fetchInto(bytes, start);
    rest.set(bytes.subarray(0, rest.length));
    this.#block = { start, bytes };
  }

  async close(): Promise<void> {
    this.#block = { start: 0, bytes: new Uint8Array(0) };
  }

  /** How many of the first bytes of `target` were already here. */
  #fromBlock(target: Uint8Array, position: number): number {
    const { start, bytes } = this.#block;
    if (position < start || position >= start + bytes.length) return 0;
    const here = bytes.subarray(position - start, position - start + target.length);
    target.set(here);
    return here.length;
  }

  async #fetchInto(target: Uint8Array, start: number): Promise<void> {
    const end = start + target.length;
    const response = await this.#client.request(this.#url, this.name, { range: [start, end] });
    const problem = this.#mismatch(response, start);
    if (problem !== undefined) {
      await response.body?.cancel();
      throw problem;
    }
    await this.#client.bodyInto(response, this.name, target);
  }

  #mismatch(response: Response, start: number): FileError | undefined {
    if (!response.ok) return statusError(this.name, response);
    if (response.status !== 206) {
      return new FileError(this.name, "the server stopped supporting range requests", {
        code: "server-stopped-ranges",
      });
    }
    const range = contentRange(response);
    const changed =
      (range !== undefined && range.total !== undefined && range.total !== this.size) ||
      response.headers.get("etag") !== this.#etag;
    if (changed) {
      return new FileError(this.name, "changed on the server while it was being read", {
        code: "file-changed",
      });
    }
    return range === undefined || range.start === start
      ? undefined
      : rangeError(this.name, range.start, start);
  }
}

interface ContentRange {
  readonly start: number | undefined;
  readonly total: number | undefined;
}

function contentRange(response: Response): ContentRange | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (match === null) return undefined;
  const [, start, total] = match;
  return {
    start: start === undefined ? undefined : Number(start),
    total: total === "*" ? undefined : Number(total),
  };
}

function isMissing(response: Response, path: string): boolean {
  return response.status === 404 || response.status === 410 || isForeignPage(response, path);
}

function isForeignPage(response: Response, path: string): boolean {
  const type = response.headers.get("content-type") ?? "";
  return response.ok && type.startsWith("text/html") && !/\.html?$/.test(path);
}

async function checkOk(response: Response, file: string, path: string): Promise<void> {
  if (response.ok && !isForeignPage(response, path)) return;
  await response.body?.cancel();
  if (response.ok)
    throw new FileError(file, "there is no such file: the server answered with a web page", {
      code: "file-not-found",
    });
  throw statusError(file, response);
}

function statusError(file: string, response: Response): FileError {
  const missing = response.status === 404 || response.status === 410;
  return new FileError(file, describeStatus(response), { code: missing ? "file-not-found" : "server-error" });
}

function describeStatus({ status, statusText }: Response): string {
  if (status === 404 || status === 410) return `there is no such file (status ${status})`;
  if (status === 401 || status === 403) return `the server denies access (status ${status})`;
  if (status === 429) return "too many requests (status 429)";
  return `the server answered with status ${status} ${statusText}`.trimEnd();
}

function rangeError(file: string, found: number | undefined, expected: number): FileError {
  const message = `the server sent the bytes from ${found} on; expected those from ${expected} on`;
  return new FileError(file, message, { code: "server-error" });
}
