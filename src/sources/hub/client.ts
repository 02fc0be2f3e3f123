import { quote } from "../../files/quote.ts";
import { type Continuation, type Exchange, HttpClient } from "../http/client.ts";
import { wholeNumber, wholeSize } from "../http/content-range.ts";
import { HttpFailure } from "../http/failure.ts";
import type { NetworkTiming } from "../http/timing.ts";
import { HubConnectionError, type HubError, HubResponseError } from "./errors.ts";
import { statusError } from "./status-error.ts";

export interface HubClientOptions {
  readonly model: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly timing: NetworkTiming;
  readonly signal: AbortSignal | undefined;
  readonly fetch: typeof fetch | undefined;
  /**
   * Browsers follow redirects by themselves (and take the token off when they leave the hub), and ask the
   * server's leave for every header that is out of the ordinary.
   */
  readonly browser: boolean;
}

export interface HubRequest {
  readonly method?: "GET" | "HEAD";
  /** The first byte that is wanted, where that is not the first of the file. */
  readonly position?: number;
  /** The hub's ETag of the file: the rest is only wanted where it is still that file. */
  readonly etag?: string | undefined;
  /** The same for the server that the hub redirects to: its name and its own ETag. */
  readonly mirror?: Validator | undefined;
}

export interface Validator {
  readonly origin: string;
  readonly etag: string;
}

/** The answer to one request. Its body has to be read by `HubClient.body`, or dropped by `HubClient.drop`. */
export interface HubReply extends Exchange {
  /** What the hub says of the file, even where another server sends it. */
  readonly commit: string | undefined;
  readonly etag: string | undefined;
  readonly size: number | undefined;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Requests to the hub about one model. */
export class HubClient {
  readonly model: string;
  readonly endpoint: string;
  readonly timing: NetworkTiming;
  readonly signal: AbortSignal | undefined;
  readonly #http: HttpClient;
  readonly #token: string | undefined;
  readonly #browser: boolean;
  readonly #origin: string;

  constructor({ model, endpoint, token, timing, signal, fetch, browser }: HubClientOptions) {
    this.model = model;
    this.endpoint = endpoint;
    this.timing = timing;
    this.signal = signal;
    this.#http = new HttpClient({ timing, signal, fetch });
    this.#token = token;
    this.#browser = browser;
    this.#origin = new URL(endpoint).origin;
  }

  /**
   * Sends one request and follows redirects; the token goes to the hub alone.
   *
   * @param path behind the endpoint, beginning with a slash
   * @returns an answer of status 200, 206 or 416
   * @throws HubError of the kind that the status tells; HttpFailure, which `retrying` and `resuming` understand
   */
  async request(path: string, request: HubRequest = {}): Promise<HubReply> {
    let url = new URL(this.endpoint + path);
    let atHub = true;
    let said: Headers | undefined;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const exchange = await this.#http.send(url.href, {
        method: request.method ?? "GET",
        headers: this.#headers(url, request, atHub),
        redirect: this.#browser ? "follow" : "manual",
      });
      const { response } = exchange;
      const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
      if (location === null) {
        if (atHub && new URL(exchange.url).origin === this.#origin) said = response.headers;
        return await this.#checked({ ...exchange, ...metadata(said, response) });
      }
      await this.drop(exchange);
      const next = this.#target(location, url);
      if (atHub && next.origin !== this.#origin) {
        said = response.headers;
        atHub = false;
      }
      url = next;
    }
    throw new HubResponseError(
      this.model,
      `more than ${MOST_REDIRECTS} redirects from ${this.endpoint}${path}`,
      { code: "hub-redirect" },
    );
  }

  /** The pieces of an answer's body as they arrive. @throws HttpFailure where it breaks off or stalls */
  body(exchange: Exchange): AsyncGenerator<Uint8Array> {
    return this.#http.body(exchange);
  }

  /** Ends an answer whose body nobody wants. */
  async drop(exchange: Exchange): Promise<void> {
    await this.#http.drop(exchange);
  }

  /** Repeats what failed for a reason that may pass. @throws HubError where it does not */
  async retrying<T>(action: () => Promise<T>, attempts?: number): Promise<T> {
    try {
      return await this.#http.retrying(action, attempts);
    } catch (error) {
      throw this.#hubError(error);
    }
  }

  /** Bytes from the position `from` on, as they arrive. @throws HubError; HttpFailure of a body that is too long */
  async *resuming(
    from: number,
    ask: (position: number) => Promise<Continuation>,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#http.resuming(from, ask);
    } catch (error) {
      throw this.#hubError(error);
    }
  }

  #target(location: string, from: URL): URL {
    let target: URL | undefined;
    try {
      target = new URL(location, from);
    } catch {
      // Reported below.
    }
    const isPlain = target?.protocol === "http:" && from.protocol === "http:";
    if (target === undefined || !(isPlain || target.protocol === "https:")) {
      throw new HubResponseError(this.model, `${from.host} redirects to ${quote(location)}; expected https`, {
        code: "hub-redirect",
      });
    }
    return target;
  }

  #headers(url: URL, { position = 0, etag, mirror }: HubRequest, atHub: boolean): Record<string, string> {
    const token = this.#token;
    const headers: Record<string, string> = {};
    if (token !== undefined && atHub) headers.authorization = `Bearer ${token}`;
    if (position > 0) headers.range = `bytes=${position}-`;
    if (this.#browser) return headers;
    headers["user-agent"] = "sentensor";
    headers["accept-encoding"] = "identity"; // ranges and sizes of compressed bytes would be of no use
    if (position > 0) {
      if (atHub && etag !== undefined) headers["if-range"] = `"${etag}"`;
      if (!atHub && mirror?.origin === url.origin) headers["if-range"] = mirror.etag;
    }
    return headers;
  }

  async #checked(reply: HubReply): Promise<HubReply> {
    const { status } = reply.response;
    if (status === 200 || status === 206 || status === 416) return reply;
    await this.drop(reply);
    throw this.#statusError(reply, false, undefined);
  }

  #hubError(error: unknown): unknown {
    if (!(error instanceof HttpFailure) || error.kind === "long") return error;
    const { answer, transient, retryAfter, message, cause } = error;
    if (answer !== undefined) return this.#statusError(answer, transient, retryAfter);
    return new HubConnectionError(this.model, message, { cause, transient });
  }

  #statusError(
    { response, url }: Pick<Exchange, "response" | "url">,
    transient: boolean,
    retryAfter: number | undefined,
  ): HubError {
    const { host, origin } = new URL(url);
    return statusError(response, {
      model: this.model,
      endpoint: this.endpoint,
      host,
      atHub: origin === this.#origin,
      hasToken: this.#token !== undefined,
      transient,
      retryAfter,
    });
  }
}

function metadata(said: Headers | undefined, response: Response): Pick<HubReply, "commit" | "etag" | "size"> {
  const etag = said?.get("x-linked-etag") ?? said?.get("etag") ?? undefined;
  return {
    commit: said?.get("x-repo-commit") ?? undefined,
    etag: etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1"),
    size: wholeNumber(said?.get("x-linked-size")) ?? wholeSize(response),
  };
}
