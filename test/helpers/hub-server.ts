/**
 * A hub on this machine: two servers on loopback, one that lists models and sends small files, one that
 * stands for the servers to which the hub redirects for large files. It can be told to fail.
 *
 * The protocol is that of huggingface.co as huggingface_hub 1.33 relies on it (file_download.py,
 * utils/_http.py).
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface ModelSettings {
  /** Which files are in Git LFS; by default model.safetensors and pytorch_model.bin files. */
  readonly isLarge?: (path: string) => boolean;
  /** Only with this token. */
  readonly privateTo?: string;
  /** Listed for everybody, sent only with this token. */
  readonly gatedTo?: string;
}

export interface RecordedRequest {
  readonly server: "hub" | "cdn";
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** What goes wrong with one request. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection ends before there is an answer. */
  | { readonly kind: "reset" }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: "cut"; readonly after: number }
  /** Nothing more comes after so many bytes, but the connection stays. -1: no answer at all. */
  | { readonly kind: "stall"; readonly after: number }
  /** The body comes in pieces of `size` bytes, with so many milliseconds between them. */
  | { readonly kind: "trickle"; readonly size: number; readonly pause: number }
  /** Another body. */
  | { readonly kind: "body"; readonly body: string | Uint8Array }
  /** Other headers; undefined: without that one. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | undefined>> }
  /** So many bytes of the body, without its length: they look like all of it. */
  | { readonly kind: "short"; readonly after: number }
  /** The body, without its length, then more and more. */
  | { readonly kind: "endless" }
  | { readonly kind: "no ranges" };

interface Version {
  readonly commit: string;
  readonly files: ReadonlyMap<string, StoredFile>;
}

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly isLarge: boolean;
  /** The object id that git gives the file, or the pointer to it. */
  readonly blobId: string;
  readonly sha256: string;
  readonly etag: string;
}

class StoredModel {
  readonly settings: ModelSettings;
  readonly versions = new Map<string, Version>();
  readonly refs = new Map<string, string>();

  constructor(settings: ModelSettings) {
    this.settings = settings;
  }
}

interface PlannedFault {
  readonly matches: string;
  readonly fault: Fault;
}

export class HubServer {
  readonly requests: RecordedRequest[] = [];
  readonly #hub: Server;
  readonly #cdn: Server;
  readonly #models = new Map<string, StoredModel>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #faults: PlannedFault[] = [];
  #url = "";
  #cdnUrl = "";
  /** Whether small files come by way of a redirect within the hub, as they do from huggingface.co. */
  redirectsSmallFiles = false;
  /** Whether the listing has sizes and hashes; mirrors may not. */
  listsMetadata = true;

  private constructor() {
    this.#hub = createServer((request, response) => this.#handle("hub", request, response));
    this.#cdn = createServer((request, response) => this.#handle("cdn", request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    [server.#url, server.#cdnUrl] = await Promise.all([listen(server.#hub), listen(server.#cdn)]);
    return server;
  }

  /** From now on nothing answers at these addresses. */
  async close(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      if (!server.listening) continue;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  }

  get url(): string {
    return this.#url;
  }

  get cdnUrl(): string {
    return this.#cdnUrl;
  }

  /** Adds a model, or a newer version of one. @returns the commit, to which `revision` points now */
  publish(id: string, files: Files, settings: ModelSettings = {}, revision = "main"): string {
    const model = this.#models.get(id) ?? new StoredModel(settings);
    this.#models.set(id, model);
    const isLarge = model.settings.isLarge ?? ((path) => /^model.*\.safetensors$|\.bin$/.test(path));
    const stored = new Map<string, StoredFile>();
    for (const [path, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      stored.set(path, storedFile(bytes, isLarge(path)));
      this.#blobs.set(stored.get(path)!.sha256, bytes);
    }
    const summary = [...stored].map(([path, { sha256 }]) => `${path} ${sha256}`).join("\n");
    const commit = hash("sha1", `${id}\n${summary}`);
    model.versions.set(commit, { commit, files: stored });
    model.refs.set(revision, commit);
    return commit;
  }

  /** The next requests whose "server METHOD url" contains `matches` go wrong, one fault each. */
  fail(matches: string, ...faults: readonly Fault[]): void {
    for (const fault of faults) this.#faults.push({ matches, fault });
  }

  /** "GET /path" of all requests so far to one of the servers. */
  log(server: "hub" | "cdn"): string[] {
    return this.requests
      .filter((request) => request.server === server)
      .map(({ method, url }) => `${method} ${url}`);
  }

  /** The requests for a file that went to the hub. */
  requestsFor(path: string): RecordedRequest[] {
    return this.requests.filter(({ server, url }) => server === "hub" && url.endsWith(`/${path}`));
  }

  #handle(server: "hub" | "cdn", request: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", url = "/", headers } = request;
    this.requests.push({ server, method, url, headers });
    const planned = this.#faults.findIndex(({ matches }) => `${server} ${method} ${url}`.includes(matches));
    const fault = planned < 0 ? undefined : this.#faults.splice(planned, 1)[0]!.fault;
    const exchange = new Exchange(request, response, fault);
    if (fault?.kind === "reset") request.socket.destroy();
    else if (fault?.kind === "status") exchange.error(fault.status, fault.headers ?? {});
    else if (fault?.kind === "stall" && fault.after < 0) return;
    else if (server === "hub") this.#answerHub(decodeURI(url), exchange);
    else this.#answerCdn(url, exchange);
  }

  #answerHub(url: string, exchange: Exchange): void {
    const [path = ""] = url.split("?");
    const listing = /^\/api\/models\/(.+?)\/revision\/(.+)$/.exec(path);
    if (listing !== null) {
      this.#withVersion(listing[1]!, decodeURIComponent(listing[2]!), exchange, (version) =>
        exchange.send(JSON.stringify(this.#describe(listing[1]!, version)), {
          "content-type": "application/json; charset=utf-8",
        }),
      );
      return;
    }
    const file = /^\/(?:api\/resolve-cache\/models\/)?(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    if (file === null) {
      exchange.error(404, {});
      return;
    }
    this.#withVersion(file[1]!, decodeURIComponent(file[2]!), exchange, (version, model) => {
      const { gatedTo } = model.settings;
      if (gatedTo !== undefined && exchange.token !== gatedTo) {
        exchange.error(exchange.token === undefined ? 401 : 403, { "x-error-code": "GatedRepo" });
        return;
      }
      this.#sendFile(url, version, file[3]!, exchange);
    });
  }

  #withVersion(
    id: string,
    revision: string,
    exchange: Exchange,
    action: (version: Version, model: StoredModel) => void,
  ): void {
    const model = this.#models.get(id);
    const { token } = exchange;
    if (
      model === undefined ||
      (model.settings.privateTo !== undefined && model.settings.privateTo !== token)
    ) {
      exchange.error(token === undefined ? 401 : 404, {
        "x-error-code": "RepoNotFound",
        "x-error-message": "Repository not found",
      });
      return;
    }
    const version = model.versions.get(model.refs.get(revision) ?? revision);
    if (version === undefined) exchange.error(404, { "x-error-code": "RevisionNotFound" });
    else action(version, model);
  }

  #describe(id: string, { commit, files }: Version) {
    const siblings = [...files].map(([rfilename, { bytes, isLarge, blobId, sha256 }]) => {
      if (!this.listsMetadata) return { rfilename };
      const lfs = { sha256, size: bytes.length, pointerSize: 134 };
      return { rfilename, size: bytes.length, blobId, ...(isLarge && { lfs }) };
    });
    return { id, sha: commit, private: false, siblings };
  }

  #sendFile(url: string, { commit, files }: Version, path: string, exchange: Exchange): void {
    const file = files.get(path);
    const headers = { "x-repo-commit": commit };
    if (file === undefined) {
      exchange.error(404, { ...headers, "x-error-code": "EntryNotFound" });
    } else if (file.isLarge) {
      exchange.send("", {
        ...headers,
        status: "302",
        location: `${this.cdnUrl}/${file.sha256}?signature=valid`,
        "x-linked-size": String(file.bytes.length),
        "x-linked-etag": `"${file.etag}"`,
      });
    } else if (this.redirectsSmallFiles && !url.startsWith("/api/")) {
      exchange.send("", {
        ...headers,
        status: "307",
        location: `/api/resolve-cache/models${encodeURI(url)}`,
      });
    } else {
      exchange.send(file.bytes, { ...headers, etag: `"${file.etag}"` });
    }
  }

  #answerCdn(url: string, exchange: Exchange): void {
    const bytes = this.#blobs.get(url.slice(1).split("?")[0]!);
    if (bytes === undefined) exchange.error(404, {});
    else exchange.send(bytes, { etag: `"cdn-${hash("md5", bytes)}"` });
  }
}

class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #fault: Fault | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined) {
    this.#request = request;
    this.#response = response;
    this.#fault = fault;
  }

  get token(): string | undefined {
    return this.#request.headers.authorization?.replace(/^Bearer /, "");
  }

  error(status: number, headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(status, headers).end(`{"error":"status ${status}"}`);
  }

  send(content: string | Uint8Array, given: Readonly<Record<string, string>>): void {
    const fault = this.#fault;
    const { status = "200", ...headers } = given;
    const chosen = fault?.kind === "body" ? fault.body : content;
    const whole = typeof chosen === "string" ? new TextEncoder().encode(chosen) : chosen;
    const start =
      fault?.kind === "no ranges" || status !== "200" ? undefined : this.#rangeStart(headers.etag);
    const body = whole.subarray(start ?? 0);
    const all: Record<string, string | undefined> = {
      "accept-ranges": "bytes",
      ...headers,
      ...(fault?.kind !== "endless" && fault?.kind !== "short" && { "content-length": String(body.length) }),
      ...(start !== undefined && { "content-range": `bytes ${start}-${whole.length - 1}/${whole.length}` }),
      ...(fault?.kind === "headers" && fault.headers),
    };
    if (start !== undefined && start >= whole.length) {
      this.#response.writeHead(416, { "content-range": `bytes */${whole.length}` }).end();
      return;
    }
    for (const [name, value] of Object.entries(all)) {
      if (value !== undefined) this.#response.setHeader(name, value);
    }
    this.#response.writeHead(start === undefined ? Number(status) : 206);
    if (this.#request.method === "HEAD") this.#response.end();
    else void this.#write(body);
  }

  /** RFC 9110 13.1.5: with an If-Range that is not the file's ETag the range does not count. */
  #rangeStart(etag: string | undefined): number | undefined {
    const { range, "if-range": ifRange } = this.#request.headers;
    const match = /^bytes=(\d+)-$/.exec(range ?? "");
    if (match === null || (ifRange !== undefined && ifRange !== etag)) return undefined;
    return Number(match[1]);
  }

  async #write(body: Uint8Array): Promise<void> {
    const fault = this.#fault;
    if (fault?.kind === "cut" || fault?.kind === "stall") {
      this.#response.flushHeaders();
      await new Promise<void>((resolve) =>
        this.#response.write(body.subarray(0, fault.after), () => resolve()),
      );
      if (fault.kind === "stall") return;
      await sleep(5); // so that what was written arrives
      this.#request.socket.destroy();
      return;
    }
    if (fault?.kind === "trickle") {
      for (let start = 0; start < body.length && !this.#response.destroyed; start += fault.size) {
        this.#response.write(body.subarray(start, start + fault.size));
        await sleep(fault.pause);
      }
    } else {
      this.#response.write(fault?.kind === "short" ? body.subarray(0, fault.after) : body);
      while (fault?.kind === "endless" && !this.#response.destroyed) {
        this.#response.write(new Uint8Array(1000));
        await sleep(1);
      }
    }
    this.#response.end();
  }
}

function storedFile(bytes: Uint8Array, isLarge: boolean): StoredFile {
  const sha256 = hash("sha256", bytes);
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${bytes.length}\n`;
  const blobId = gitObjectId(isLarge ? new TextEncoder().encode(pointer) : bytes);
  return { bytes, isLarge, blobId, sha256, etag: isLarge ? sha256 : blobId };
}

/** What `git hash-object` prints. */
export function gitObjectId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function hash(algorithm: string, content: string | Uint8Array): string {
  return createHash(algorithm).update(content).digest("hex");
}

/** @returns the address */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
