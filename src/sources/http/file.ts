import { FileError } from "../../errors.ts";
import { concatenate } from "../../files/concatenate.ts";
import type { RangeReader } from "../../files/file-source.ts";
import { MemoryReader } from "../memory-source.ts";
import type { Continuation, Exchange, HttpClient } from "./client.ts";
import { contentRange, continuesAt, isEncoded, wholeNumber, wholeSize } from "./content-range.ts";
import { HttpFailure } from "./failure.ts";
import { failureError, isForeignPage, isMissing, rangeError, statusError } from "./file-errors.ts";
import { HttpReader, SMALLEST_READ } from "./reader.ts";

interface HttpFileOptions {
  readonly url: string;
  /** As errors call it. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface FileRequest {
  readonly method?: "GET" | "HEAD";
  /** First byte and the one behind the last; without that, all to the end. */
  readonly range?: readonly [start: number, end?: number];
}

/** What has to stay the same while a file is read by ranges. */
interface OpenedFile {
  readonly size: number;
  readonly etag: string | null;
}

/** A file on a server. */
export class HttpFile {
  readonly #client: HttpClient;
  readonly #url: string;
  readonly #name: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(client: HttpClient, { url, name, headers }: HttpFileOptions) {
    this.#client = client;
    this.#url = url;
    this.#name = name;
    this.#headers = headers;
  }

  async exists(): Promise<boolean> {
    let response = await this.#headersOf({ method: "HEAD" });
    if (response.status === 405 || response.status === 501) {
      response = await this.#headersOf({ range: [0, 1] });
    }
    if (response.status === 416) return true; // an empty file has no first byte
    if (isMissing(response, this.#name)) return false;
    if (!response.ok) throw statusError(this.#name, response);
    return true;
  }

  async read(): Promise<Uint8Array> {
    return await this.#whole(await this.#retrying({}));
  }

  async open(): Promise<RangeReader> {
    const exchange = await this.#retrying({ range: [0, SMALLEST_READ] });
    const { response } = exchange;
    const range = contentRange(response);
    if (response.status === 416 && range?.total === 0) {
      await this.#client.drop(exchange);
      return new MemoryReader(this.#name, new Uint8Array(0));
    }
    await this.#checkIsFile(exchange);
    if (response.status !== 206) return new MemoryReader(this.#name, await this.#whole(exchange));
    if (range?.start !== undefined && range.start !== 0) {
      await this.#client.drop(exchange);
      throw rangeError(this.#name, range.start, 0);
    }
    const size = range?.total ?? (await this.#sizeFromHead(exchange));
    const opened = { size, etag: response.headers.get("etag") };
    const first = new Uint8Array(Math.min(size, SMALLEST_READ));
    await this.#fill(opened, first, 0, exchange);
    return new HttpReader(this.#name, size, first, (target, start) => this.#fill(opened, target, start));
  }

  /** @param first an answer that begins at `start` */
  async #fill(opened: OpenedFile, target: Uint8Array, start: number, first?: Exchange): Promise<void> {
    const end = start + target.length;
    let next = first;
    const ask = async (position: number): Promise<Continuation> => {
      const exchange = next ?? (await this.#request({ range: [position, end] }));
      next = undefined;
      const problem = this.#mismatch(exchange.response, opened, position);
      if (problem === undefined) return { exchange, end };
      await this.#client.drop(exchange);
      throw problem;
    };
    let filled = 0;
    await this.#explaining(async () => {
      for await (const bytes of this.#client.resuming(start, ask)) {
        target.set(bytes, filled);
        filled += bytes.length;
      }
    });
  }

  #mismatch(response: Response, { size, etag }: OpenedFile, position: number): FileError | undefined {
    if (!response.ok) return statusError(this.#name, response);
    if (response.status !== 206) {
      return new FileError(this.#name, "the server stopped supporting range requests", {
        code: "server-stopped-ranges",
      });
    }
    const range = contentRange(response);
    if ((range?.total ?? size) !== size || response.headers.get("etag") !== etag) {
      return new FileError(this.#name, "changed on the server while it was being read", {
        code: "file-changed",
      });
    }
    return range === undefined || range.start === position
      ? undefined
      : rangeError(this.#name, range.start, position);
  }

  /**
   * All of the file, from its beginning again where the server does not continue it. It ends where `fetch` says so:
   * Content-Length may be that of compressed bytes, which scripts cannot always see.
   */
  async #whole(first: Exchange): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let begun = first.response;
    let next: Exchange | undefined = first;
    const ask = async (position: number): Promise<Continuation> => {
      let exchange = next ?? (await this.#request(isEncoded(begun) ? {} : { range: [position] }));
      next = undefined;
      await this.#checkIsFile(exchange);
      if (exchange.response.status === 206) {
        if (isRestOf(begun, exchange.response, position)) return { exchange, end: undefined };
        await this.#client.drop(exchange);
        exchange = await this.#request({});
        await this.#checkIsFile(exchange);
      }
      begun = exchange.response;
      pieces.length = 0;
      return { exchange, start: 0, end: undefined };
    };
    await this.#explaining(async () => {
      for await (const piece of this.#client.resuming(0, ask)) pieces.push(piece);
    });
    return concatenate(pieces);
  }

  /** Across origins, scripts only see Content-Range where the server exposes it; Content-Length they always see. */
  async #sizeFromHead(opening: Exchange): Promise<number> {
    try {
      const response = await this.#headersOf({ method: "HEAD" });
      if (!response.ok || isForeignPage(response, this.#name)) throw statusError(this.#name, response);
      const size = wholeNumber(response.headers.get("content-length"));
      if (size !== undefined) return size;
      throw new FileError(this.#name, "the server does not report the length of the file", {
        code: "server-error",
      });
    } catch (error) {
      await this.#client.drop(opening);
      throw error;
    }
  }

  async #checkIsFile(exchange: Exchange): Promise<void> {
    const { response } = exchange;
    if (response.ok && !isForeignPage(response, this.#name)) return;
    await this.#client.drop(exchange);
    throw statusError(this.#name, response);
  }

  async #headersOf(request: FileRequest): Promise<Response> {
    const exchange = await this.#retrying(request);
    await this.#client.drop(exchange);
    return exchange.response;
  }

  async #retrying(request: FileRequest): Promise<Exchange> {
    return await this.#explaining(() => this.#client.retrying(() => this.#request(request)));
  }

  async #request({ method = "GET", range }: FileRequest): Promise<Exchange> {
    const headers: Record<string, string> = { ...this.#headers };
    if (range !== undefined) {
      const [start, end] = range;
      headers.range = `bytes=${start}-${end === undefined ? "" : end - 1}`;
      headers["accept-encoding"] = "identity"; // a range of compressed bytes would be of no use
    }
    return await this.#client.send(this.#url, { method, headers });
  }

  async #explaining<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw error instanceof HttpFailure ? failureError(this.#name, error) : error;
    }
  }
}

/** Whether an answer goes on at `position` with the file that another one began with. */
function isRestOf(begun: Response, rest: Response, position: number): boolean {
  const total = contentRange(rest)?.total;
  return (
    continuesAt(rest, position) &&
    rest.headers.get("etag") === begun.headers.get("etag") &&
    (total === undefined || total === wholeSize(begun))
  );
}
