import { ArgumentError } from "../errors.ts";
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { checkRelativePath, fileNameIn } from "../files/relative-path.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { HttpClient } from "./http/client.ts";
import { HttpFile } from "./http/file.ts";
import { defaultTiming, type NetworkTiming } from "./http/timing.ts";

export interface HttpSourceOptions {
  /** Sent with every request, for example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What requests go through; the runtime's own `fetch` where it is not given. */
  readonly fetch?: typeof fetch | undefined;
}

const optionNames: OptionNames<HttpSourceOptions> = { headers: true, signal: true, fetch: true };

/** More patient than with the hub: nobody knows what server it is. */
export const sourceTiming: NetworkTiming = {
  ...defaultTiming,
  answerTimeout: 60_000,
  stallTimeout: 60_000,
};

/**
 * Files below an address: `new HttpSource("https://example.org/models/mini")`. They are read by ranges,
 * a little ahead, so that the many small tensors of a checkpoint do not cost a request each. From a
 * server that ignores ranges the whole file is fetched once and kept.
 *
 * A reply of type text/html counts as a missing file: servers of single-page applications answer with
 * their start page, status 200, whatever was asked for.
 *
 * A request that fails for a reason that may pass (status 429 or 503, say) is repeated, a connection that breaks or
 * stalls is taken up again where it broke. What does not pass is a FileError; a raised `signal` rejects with its own
 * reason.
 */
export class HttpSource implements FileSource {
  readonly name: string;
  readonly #client: HttpClient;
  readonly #headers: Readonly<Record<string, string>>;

  /** @throws ArgumentError where `baseUrl` is not an http(s) address, or has a query or a password. */
  constructor(baseUrl: string | URL, options: HttpSourceOptions = {}) {
    const { headers, signal, fetch } = readOptions("HttpSource", options, optionNames);
    this.name = checkedBase(baseUrl);
    this.#client = new HttpClient({ timing: sourceTiming, signal, fetch });
    this.#headers = { ...headers };
  }

  async exists(path: string): Promise<boolean> {
    return await this.#file(path).exists();
  }

  async open(path: string): Promise<RangeReader> {
    return await this.#file(path).open();
  }

  async read(path: string): Promise<Uint8Array> {
    return await this.#file(path).read();
  }

  #file(path: string): HttpFile {
    checkRelativePath(this.name, path);
    const url = fileNameIn(this.name, path.split("/").map(encodeURIComponent).join("/"));
    return new HttpFile(this.#client, { url, name: fileNameIn(this.name, path), headers: this.#headers });
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
