import { quote } from "../../files/quote.ts";
import { HubConnectionError, HubError, HubResponseError } from "./errors.ts";
import { statusError } from "./status-error.ts";
import { type NetworkTiming, requestedDelay, retryDelay } from "./timing.ts";
import { Watchdog } from "./watchdog.ts";

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
export interface HubReply {
  readonly response: Response;
  readonly watchdog: Watchdog;
  /** Where the answer came from; the hub sends large files from other servers. */
  readonly origin: string;
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
  readonly #options: HubClientOptions;
  readonly #origin: string;

  constructor(options: HubClientOptions) {
    this.model = options.model;
    this.endpoint = options.endpoint;
    this.timing = options.timing;
    this.signal = options.signal;
    this.#options = options;
    this.#origin = new URL(options.endpoint).origin;
  }

  /**
   * Sends one request and follows redirects; the token goes to the hub alone.
   *
   * @param path behind the endpoint, beginning with a slash
   * @returns an answer of status 200, 206 or 416
   * @throws HubError of the kind that the status tells; HubConnectionError
   */
  async request(path: string, request: HubRequest = {}): Promise<HubReply> {
    const watchdog = new Watchdog(this.signal);
    try {
      return await this.#follow(this.endpoint + path, request, watchdog);
    } catch (error) {
      watchdog.release();
      throw error;
    }
  }

  /** The pieces of an answer's body as they arrive. @throws HubConnectionError where it breaks off or stalls. */
  async *body({ response, watchdog }: HubReply): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    try {
      while (reader !== undefined) {
        const { done, value } = await this.#attempt(response.url, watchdog, () =>
          watchdog.guard(() => reader.read(), this.timing.stallTimeout, "sent nothing"),
        );
        if (done) return;
        yield value;
      }
    } finally {
      await reader?.cancel().catch(() => {});
      watchdog.release();
    }
  }

  /** Ends an answer whose body nobody wants. */
  async drop({ response, watchdog }: HubReply): Promise<void> {
    await response.body?.cancel().catch(() => {});
    watchdog.release();
  }

  /** Repeats what failed for a reason that may pass. */
  async retrying<T>(action: () => Promise<T>, attempts: number = this.timing.attempts): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof HubError && error.transient) || ++failures >= attempts) throw error;
        await this.pause(failures - 1, error);
      }
    }
  }

  /** Waits after a failure, the longer the more failures (counted from 0) came before. */
  async pause(failures: number, { retryAfter }: HubError): Promise<void> {
    await this.timing.wait(retryDelay(this.timing, failures, retryAfter), this.signal);
    this.signal?.throwIfAborted();
  }

  async #follow(first: string, request: HubRequest, watchdog: Watchdog): Promise<HubReply> {
    let url = new URL(first);
    let atHub = true;
    let said: Headers | undefined;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await this.#send(url, request, atHub, watchdog);
      const origin = response.url === "" ? url.origin : new URL(response.url).origin;
      const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
      if (location === null) {
        if (atHub && origin === this.#origin) said = response.headers;
        return await this.#checked({ response, watchdog, origin, ...metadata(said, response) });
      }
      await response.body?.cancel();
      const next = this.#target(location, url);
      if (atHub && next.origin !== this.#origin) {
        said = response.headers;
        atHub = false;
      }
      url = next;
    }
    throw new HubResponseError(this.model, `more than ${MOST_REDIRECTS} redirects from ${first}`, {
      code: "hub-redirect",
    });
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

  async #send(url: URL, request: HubRequest, atHub: boolean, watchdog: Watchdog): Promise<Response> {
    const { browser, fetch: send = globalThis.fetch } = this.#options;
    const init: RequestInit = {
      method: request.method ?? "GET",
      headers: this.#headers(url, request, atHub),
      redirect: browser ? "follow" : "manual",
      signal: watchdog.signal,
    };
    return await this.#attempt(url.href, watchdog, () =>
      watchdog.guard(() => send(url.href, init), this.timing.answerTimeout, "did not answer"),
    );
  }

  #headers(url: URL, { position = 0, etag, mirror }: HubRequest, atHub: boolean): Record<string, string> {
    const { token, browser } = this.#options;
    const headers: Record<string, string> = {};
    if (token !== undefined && atHub) headers.authorization = `Bearer ${token}`;
    if (position > 0) headers.range = `bytes=${position}-`;
    if (browser) return headers;
    headers["user-agent"] = "sentensor";
    headers["accept-encoding"] = "identity"; // ranges and sizes of compressed bytes would be of no use
    if (position > 0) {
      if (atHub && etag !== undefined) headers["if-range"] = `"${etag}"`;
      if (!atHub && mirror?.origin === url.origin) headers["if-range"] = mirror.etag;
    }
    return headers;
  }

  async #checked(reply: HubReply): Promise<HubReply> {
    const { response } = reply;
    if (response.status === 200 || response.status === 206 || response.status === 416) return reply;
    await this.drop(reply);
    throw statusError(response, {
      model: this.model,
      endpoint: this.endpoint,
      host: new URL(reply.origin).host,
      atHub: reply.origin === this.#origin,
      hasToken: this.#options.token !== undefined,
      retryAfter: requestedDelay(response.headers, Date.now()),
    });
  }

  async #attempt<T>(url: string, watchdog: Watchdog, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      this.signal?.throwIfAborted();
      const host = url === "" ? new URL(this.endpoint).host : new URL(url).host;
      const { reason, hopeless } = describeFailure(cause);
      const message =
        watchdog.expired === undefined
          ? `the connection to ${host} failed: ${reason}`
          : `${host} ${watchdog.expired}`;
      const transient = watchdog.expired !== undefined || !hopeless;
      throw new HubConnectionError(this.model, message, { cause, transient });
    }
  }
}

function metadata(said: Headers | undefined, response: Response): Pick<HubReply, "commit" | "etag" | "size"> {
  const etag = said?.get("x-linked-etag") ?? said?.get("etag") ?? undefined;
  const linkedSize = said?.get("x-linked-size");
  return {
    commit: said?.get("x-repo-commit") ?? undefined,
    etag: etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1"),
    size: wholeNumber(linkedSize) ?? wholeSize(response),
  };
}

/** The size of the whole file, as the headers of an answer tell it. */
export function wholeSize({ status, headers }: Response): number | undefined {
  if (status === 206 || status === 416) {
    return wholeNumber(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1]);
  }
  if ((headers.get("content-encoding") ?? "identity") !== "identity") return undefined; // of compressed bytes
  return wholeNumber(headers.get("content-length"));
}

function wholeNumber(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `fetch` says "fetch failed" of everything; the reason lies below. */
function describeFailure(error: unknown): { readonly reason: string; readonly hopeless: boolean } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { reason: String(cause), hopeless: false };
  const code = String((cause as { code?: unknown }).code ?? "");
  const hopeless = code === "ENOTFOUND" || /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS|^ERR_SSL/.test(code);
  return { reason: [code, cause.message].filter((part) => part !== "").join(", "), hopeless };
}
