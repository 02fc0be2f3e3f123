import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, mock, test } from "node:test";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import type { ErrorCode } from "../../src/error-codes.ts";
import { ArgumentError, FileError } from "../../src/errors.ts";
import { HttpSource, sourceTiming } from "../../src/sources/http-source.ts";
import { concat, safetensorsFile, utf8 } from "../checkpoint/support.ts";
import { RecordedTiming } from "./hub/setup.ts";

const MEBIBYTE = 2 ** 20;

/** 12 MiB in which every byte tells where it is. */
const large = new Uint8Array(12 * MEBIBYTE).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
const files: Readonly<Record<string, Uint8Array>> = {
  "/models/mini/config.json": utf8('{"a": 1}'),
  "/models/mini/with%20blank%23.json": utf8("[]"),
  "/models/mini/empty": new Uint8Array(0),
  "/models/mini/large": large,
  "/models/mini/model.safetensors": safetensorsFile(
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    new Uint8Array(Float32Array.of(1, 2).buffer),
  ),
};

/** How the server behaves; each test says what it changes. */
interface Behaviour {
  ranges: boolean;
  contentRange: boolean;
  head: boolean;
  etag: () => string;
  status: number;
  page: boolean;
  breakAfter: number;
  wrongStart: boolean;
  tooMuch: boolean;
  tooLittle: boolean;
  /** Of GET requests, in their order; after them, all is as it should be. */
  faults: Fault[];
}

/** -1: nothing is sent at all. */
type Fault =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | { readonly breakAfter: number }
  | { readonly stallAfter: number };

const ordinary: Behaviour = {
  ranges: true,
  contentRange: true,
  head: true,
  etag: () => '"1"',
  status: 0,
  page: false,
  breakAfter: Number.POSITIVE_INFINITY,
  wrongStart: false,
  tooMuch: false,
  tooLittle: false,
  faults: [],
};

let behaviour = ordinary;
let requests: string[] = [];
/** Waits of the client, in milliseconds: written down, not waited for. */
let waits: number[] = [];
let server: Server;
let base = "";

function answer(request: IncomingMessage, response: ServerResponse): void {
  requests.push(`${request.method} ${request.url} ${request.headers.range ?? ""}`.trim());
  const content = files[request.url ?? ""];
  if (behaviour.page) {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html>");
  } else if (isFaulty(request, response)) {
    // Answered, or never.
  } else if (request.method === "HEAD" && !behaviour.head) response.writeHead(405).end();
  else if (behaviour.status !== 0) response.writeHead(behaviour.status).end();
  else if (content === undefined) response.writeHead(404).end("no such file");
  else answerWith(content, request, response);
}

/** Whether the request meets a fault that leaves no place for an ordinary answer. */
function isFaulty(request: IncomingMessage, response: ServerResponse): boolean {
  const [fault] = request.method === "GET" ? behaviour.faults : [];
  if (fault === undefined) return false;
  if ("status" in fault) response.writeHead(fault.status, fault.headers).end();
  else if ("breakAfter" in fault && fault.breakAfter < 0) response.destroy();
  else if (!("stallAfter" in fault && fault.stallAfter < 0)) return false; // the body is cut below
  behaviour.faults.shift();
  return true;
}

function answerWith(content: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  response.setHeader("etag", behaviour.etag());
  let body = content;
  if (range !== null && behaviour.ranges) {
    const [start, last] = [
      Number(range[1]),
      Math.min(Number(range[2] || content.length), content.length - 1),
    ];
    if (start >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    response.statusCode = 206;
    body = content.subarray(start, last + 1);
    if (behaviour.tooMuch) body = concat([body, Uint8Array.of(0)]);
    if (behaviour.tooLittle) body = body.subarray(1);
    const shown = behaviour.wrongStart && start > 0 ? start - 1 : start;
    if (behaviour.contentRange) {
      response.setHeader("content-range", `bytes ${shown}-${last}/${content.length}`);
    }
  }
  const [fault] = request.method === "GET" ? behaviour.faults.splice(0, 1) : [];
  const cut =
    fault && ("breakAfter" in fault ? fault.breakAfter : (fault as { stallAfter: number }).stallAfter);
  if (request.method === "HEAD") response.setHeader("content-length", body.length).end();
  else if (cut !== undefined) {
    response.setHeader("content-length", body.length);
    response.write(body.subarray(0, cut), () => "breakAfter" in fault! && response.destroy());
  } else if (body.length > behaviour.breakAfter) {
    response.setHeader("content-length", body.length);
    response.write(body.subarray(0, behaviour.breakAfter), () => response.destroy());
  } else response.end(body);
}

before(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/mini`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  behaviour = { ...ordinary, faults: [] };
  requests = [];
  const recorded = new RecordedTiming();
  waits = recorded.waits;
  mock.method(sourceTiming, "wait", recorded.wait.bind(recorded));
  mock.method(sourceTiming, "random", () => 1);
});

afterEach(() => mock.restoreAll());

async function readRange(source: HttpSource, path: string, start: number, end: number): Promise<Uint8Array> {
  const reader = await source.open(path);
  const target = new Uint8Array(end - start);
  await reader.readInto(target, start);
  await reader.close();
  return target;
}

test("files are found and read below the address, whatever their names contain", async () => {
  for (const address of [base, `${base}/`, new URL(base)]) {
    const source = new HttpSource(address);
    assert.equal(source.name, base);
    assert.equal(await source.exists("config.json"), true);
    assert.equal(await source.exists("other.json"), false);
    assert.equal(new TextDecoder().decode(await source.read("config.json")), '{"a": 1}');
    assert.equal(new TextDecoder().decode(await source.read("with blank#.json")), "[]");
  }
});

test("opening asks once, for the file's beginning", async () => {
  const reader = await new HttpSource(base).open("large");
  assert.equal(reader.size, large.length);
  assert.equal(reader.name, `${base}/large`);
  const target = new Uint8Array(100);
  await reader.readInto(target, 50);
  assert.deepEqual(target, large.subarray(50, 150));
  assert.deepEqual(requests, ["GET /models/mini/large bytes=0-262143"]);
});

test("many small reads in order cost a few requests, each for more than the last", async () => {
  const reader = await new HttpSource(base).open("large");
  const piece = new Uint8Array(10_000);
  for (let start = 0; start + piece.length <= large.length; start += piece.length) {
    await reader.readInto(piece, start);
    assert.deepEqual(piece, large.subarray(start, start + piece.length));
  }
  assert.deepEqual(
    requests.map((request) => request.slice(request.indexOf("=") + 1)),
    ["0-262143", "262144-786431", "786432-1835007", "1835008-3932159", "3932160-8126463", "8126464-12582911"],
  );
});

test("a large read goes straight to its place, in shared memory as well", async () => {
  const reader = await new HttpSource(base).open("large");
  const target = new Uint8Array(new SharedArrayBuffer(6 * MEBIBYTE));
  await reader.readInto(target, 5 * MEBIBYTE);
  assert.deepEqual(new Uint8Array(target), large.subarray(5 * MEBIBYTE, 11 * MEBIBYTE));
  assert.deepEqual(requests.slice(1), ["GET /models/mini/large bytes=5242880-11534335"]);
});

test("reads at the same time do not disturb each other", async () => {
  const reader = await new HttpSource(base).open("large");
  const starts = [0, 11 * MEBIBYTE, 300_000, 100, 7 * MEBIBYTE, 262_000, 12 * MEBIBYTE - 500];
  await Promise.all(
    starts.map(async (start) => {
      const target = new Uint8Array(500);
      await reader.readInto(target, start);
      assert.deepEqual(target, large.subarray(start, start + 500));
    }),
  );
});

test("reading beyond the end is a FileError and asks the server nothing", async () => {
  const reader = await new HttpSource(base).open("large");
  await assert.rejects(
    reader.readInto(new Uint8Array(2), large.length - 1),
    /^FileError: .*ends at byte 12582912/,
  );
  assert.equal(requests.length, 1);
});

test("an empty file is opened and read", async () => {
  const source = new HttpSource(base);
  assert.equal((await source.open("empty")).size, 0);
  assert.equal((await source.read("empty")).length, 0);
  assert.equal(await source.exists("empty"), true);
});

test("from a server that ignores ranges the file is fetched once and kept", async () => {
  behaviour = { ...ordinary, ranges: false };
  const reader = await new HttpSource(base).open("large");
  assert.equal(reader.size, large.length);
  const target = new Uint8Array(1000);
  for (const start of [0, 9_000_000, 4_000_000]) {
    await reader.readInto(target, start);
    assert.deepEqual(target, large.subarray(start, start + 1000));
  }
  assert.equal(requests.length, 1);
});

test("where Content-Range is hidden from scripts, the length comes from a HEAD request", async () => {
  behaviour = { ...ordinary, contentRange: false };
  assert.deepEqual(
    await readRange(new HttpSource(base), "large", 400_000, 400_100),
    large.subarray(400_000, 400_100),
  );
  assert.equal(requests[1], "HEAD /models/mini/large");
  behaviour = { ...behaviour, head: false };
  await assert.rejects(new HttpSource(base).open("large"), /^FileError: .*status 405/);
});

test("a server without HEAD still says whether a file exists", async () => {
  behaviour = { ...ordinary, head: false };
  const source = new HttpSource(base);
  assert.equal(await source.exists("config.json"), true);
  assert.equal(await source.exists("empty"), true);
  assert.equal(await source.exists("other.json"), false);
});

test("a web page in place of a file counts as a missing file", async () => {
  behaviour = { ...ordinary, page: true };
  const source = new HttpSource(base);
  assert.equal(await source.exists("modules.json"), false);
  assert.equal(await source.exists("index.html"), true);
  const message =
    /^FileError: .*\/modules\.json: there is no such file: the server answered with a web page$/;
  await assert.rejects(source.read("modules.json"), message);
  await assert.rejects(source.open("modules.json"), message);
});

const statuses: readonly (readonly [number, RegExp])[] = [
  [404, /there is no such file \(status 404\)$/],
  [401, /the server denies access \(status 401\)$/],
  [403, /the server denies access \(status 403\)$/],
  [429, /too many requests \(status 429\)$/],
  [500, /the server answered with status 500 Internal Server Error$/],
];

for (const [status, message] of statuses) {
  test(`status ${status} is a FileError that says what it means`, async () => {
    behaviour = { ...ordinary, status };
    const source = new HttpSource(base);
    for (const attempt of [() => source.read("config.json"), () => source.open("config.json")]) {
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof FileError);
        assert.equal(error.file, `${base}/config.json`);
        assert.equal(error.code, status === 404 ? "file-not-found" : "server-error");
        assert.match(error.message, message);
        return true;
      });
    }
    if (status === 404) assert.equal(await source.exists("config.json"), false);
    else await assert.rejects(source.exists("config.json"), message);
  });
}

test("a connection that breaks is a FileError", async () => {
  const reader = await new HttpSource(base).open("large");
  behaviour = { ...ordinary, breakAfter: 1000 };
  await assert.rejects(reader.readInto(new Uint8Array(10_000), 5_000_000), FileError);
  await assert.rejects(new HttpSource(base).read("large"), { name: "FileError", code: "fetch-failed" });
  await assert.rejects(new HttpSource(base).open("large"), FileError);
});

test("a server that cannot be reached is a FileError that says why", async () => {
  const source = new HttpSource("http://127.0.0.1:1");
  await assert.rejects(source.read("config.json"), {
    name: "FileError",
    code: "fetch-failed",
    file: "http://127.0.0.1:1/config.json",
  });
});

test("a file that changes on the server while it is read is a FileError", async () => {
  const reader = await new HttpSource(base).open("large");
  behaviour = { ...ordinary, etag: () => '"2"' };
  await assert.rejects(reader.readInto(new Uint8Array(10), 5_000_000), {
    code: "file-changed",
    file: `${base}/large`,
  });
});

test("a server that answers a range with something else is a FileError", async () => {
  const cases: [Partial<Behaviour>, ErrorCode][] = [
    [{ ranges: false }, "server-stopped-ranges"],
    [{ wrongStart: true }, "server-error"],
    [{ tooMuch: true }, "server-error"],
    [{ tooLittle: true }, "truncated-file"],
    [{ status: 503 }, "server-error"],
  ];
  for (const [change, code] of cases) {
    behaviour = ordinary;
    const reader = await new HttpSource(base).open("large");
    behaviour = { ...ordinary, ...change };
    await assert.rejects(reader.readInto(new Uint8Array(10), 5_000_000), { code, file: `${base}/large` });
  }
});

test("a server that begins elsewhere than at the beginning is a FileError", async () => {
  const source = new HttpSource(base, {
    fetch: async () => new Response("ab", { status: 206, headers: { "content-range": "bytes 1-2/3" } }),
  });
  await assert.rejects(source.open("large"), /the bytes from 1 on; expected those from 0 on$/);
});

test("a raised signal ends a request with its own reason", async () => {
  const controller = new AbortController();
  const source = new HttpSource(base, { signal: controller.signal });
  const reader = await source.open("large");
  const reading = reader.readInto(new Uint8Array(6 * MEBIBYTE), 0);
  controller.abort(new Error("not needed any more"));
  await assert.rejects(reading, /^Error: not needed any more$/);
  await assert.rejects(source.read("config.json"), /^Error: not needed any more$/);
});

test("headers and another fetch are used for every request", async () => {
  const seen: string[] = [];
  const source = new HttpSource(base, {
    headers: { authorization: "Bearer secret" },
    fetch: async (input, init) => {
      seen.push(`${input} ${new Headers(init?.headers).get("authorization")}`);
      return await fetch(input, init);
    },
  });
  await source.exists("config.json");
  await source.read("config.json");
  await readRange(source, "large", 5_000_000, 5_000_010);
  const paths = ["config.json", "config.json", "large", "large"];
  assert.deepEqual(
    seen,
    paths.map((path) => `${base}/${path} Bearer secret`),
  );
});

test("addresses that are no folder are refused, without repeating a password", () => {
  for (const address of ["model", "file:///model", "ftp://host/model", `${base}?a=1`, `${base}#a`]) {
    assert.throws(() => new HttpSource(address), ArgumentError, address);
  }
  assert.throws(
    () => new HttpSource("https://name:secret@example.org/"),
    (error) => {
      assert.ok(error instanceof ArgumentError);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test("no path leaves the address", async () => {
  const source = new HttpSource(base);
  for (const path of ["../other", "/config.json", "a\\b", "a\0", ""]) {
    await assert.rejects(source.exists(path), ArgumentError);
    await assert.rejects(source.open(path), ArgumentError);
    await assert.rejects(source.read(path), ArgumentError);
  }
  assert.deepEqual(requests, []);
});

/** Ranges that were asked for, in order; "" of requests without one. */
function ranges(): string[] {
  return requests.map((request) => /bytes=(.*)$/.exec(request)?.[1] ?? "");
}

test("a connection that breaks is taken up where it broke", async () => {
  const source = new HttpSource(base);
  behaviour.faults.push({ breakAfter: 100_000 });
  const reader = await source.open("large");
  const first = new Uint8Array(1000);
  await reader.readInto(first, 200_000);
  assert.deepEqual(first, large.subarray(200_000, 201_000));
  behaviour.faults.push({ breakAfter: 2_000_000 }, { breakAfter: -1 }, { breakAfter: 70_000 });
  const target = new Uint8Array(5 * MEBIBYTE);
  await reader.readInto(target, 4 * MEBIBYTE);
  assert.deepEqual(target, large.subarray(4 * MEBIBYTE, 9 * MEBIBYTE));

  const [opening, rest, ...others] = ranges().map(
    (range) => range.split("-").map(Number) as [number, number],
  );
  assert.deepEqual(opening, [0, 262143]);
  assert.ok(rest![0] > 0 && rest![0] <= 100_000 && rest![1] === 262143, "as far as it had come");
  assert.equal(others.length, 4);
  const starts = others.map(([start]) => start);
  assert.deepEqual(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  assert.ok(starts[1] === starts[2] && starts[1]! > starts[0]! && starts[3]! > starts[2]!);
  assert.ok(others.every(([, last]) => last === 9 * MEBIBYTE - 1));
  assert.equal(waits.length, 4);
});

test("a whole file goes on where the connection broke, or from its beginning where the server cannot", async () => {
  const source = new HttpSource(base);
  behaviour.faults.push({ breakAfter: 1_000_000 }, { breakAfter: 1_000_000 });
  assert.deepEqual(await source.read("large"), large);
  const starts = ranges().map((range) => Number(range.replace(/-$/, "")));
  assert.ok(starts[0] === 0 && starts[1]! > 0 && starts[2]! > starts[1]!, starts.join(" "));

  behaviour = { ...behaviour, ranges: false, faults: [{ breakAfter: 1_000_000 }, { breakAfter: 500_000 }] };
  assert.deepEqual(await source.read("large"), large);
  behaviour.faults.push({ breakAfter: 1_000_000 });
  const reader = await source.open("large");
  const target = new Uint8Array(1000);
  await reader.readInto(target, 5_000_000);
  assert.deepEqual(target, large.subarray(5_000_000, 5_001_000));
});

test("a whole file that became another one in the meantime is read from its beginning", async () => {
  let version = 1;
  behaviour = { ...behaviour, etag: () => `"${version++}"`, faults: [{ breakAfter: 1_000_000 }] };
  assert.deepEqual(await new HttpSource(base).read("large"), large);
  assert.deepEqual(
    ranges().map((range) => range === ""),
    [true, false, true],
  );
});

test("a server that is busy is asked again, when it says so", async () => {
  const source = new HttpSource(base);
  behaviour.faults.push({ status: 503 }, { status: 429, headers: { "retry-after": "7" } }, { status: 502 });
  assert.equal(new TextDecoder().decode(await source.read("config.json")), '{"a": 1}');
  assert.deepEqual(waits, [500, 7000, 2000]);
  behaviour.faults.push({ status: 503 });
  assert.equal((await source.open("large")).size, large.length);
  behaviour = { ...behaviour, head: false, faults: [{ status: 503 }] };
  assert.equal(await source.exists("config.json"), true);
  const reader = await source.open("large");
  behaviour.faults.push({ status: 503 }, { breakAfter: -1 });
  await reader.readInto(new Uint8Array(100), 5_000_000);
  assert.equal(waits.length, 7);
});

test("what will not pass is not asked for again, what does not pass not without end", async () => {
  const source = new HttpSource(base);
  for (const status of [401, 403, 404]) {
    behaviour.faults.push({ status });
    await assert.rejects(source.read("config.json"), FileError);
  }
  assert.deepEqual([requests.length, waits], [3, []]);
  behaviour = { ...behaviour, status: 503 };
  await assert.rejects(source.read("config.json"), { name: "FileError", code: "server-error" });
  assert.deepEqual([requests.length, waits], [8, [500, 1000, 2000, 4000]]);
});

test("a slow way is a way: progress makes up for failures", async () => {
  const source = new HttpSource(base);
  for (let i = 0; i < 20; i++) behaviour.faults.push({ breakAfter: 400_000 });
  assert.deepEqual(await source.read("large"), large);
  assert.equal(waits.length, 20);
});

test("a server that breaks off and knows no ranges is given up, however far it comes", async () => {
  const source = new HttpSource(base);
  behaviour = { ...behaviour, ranges: false, breakAfter: 1_000_000 };
  await assert.rejects(source.read("large"), { name: "FileError", code: "fetch-failed" });
  assert.ok(requests.length < 20);
  await assert.rejects(source.open("large"), { name: "FileError", code: "fetch-failed" });
});

test("a body that stops without end is taken up again, and a request that nobody answers is repeated", async () => {
  const patient = { ...sourceTiming };
  Object.assign(sourceTiming, { answerTimeout: 300, stallTimeout: 300 });
  try {
    const source = new HttpSource(base);
    behaviour.faults.push({ stallAfter: 100_000 }, { stallAfter: -1 });
    const target = await readRange(source, "large", 0, 262_144);
    assert.deepEqual(target, large.subarray(0, 262_144));
    assert.equal(waits.length, 2);
    for (let i = 0; i < 5; i++) behaviour.faults.push({ stallAfter: -1 });
    await assert.rejects(source.read("config.json"), { name: "FileError", code: "fetch-failed" });
  } finally {
    Object.assign(sourceTiming, patient);
  }
});

test("a raised signal ends a wait and a body that stalls", async () => {
  const controller = new AbortController();
  const source = new HttpSource(base, { signal: controller.signal });
  const reason = new Error("not needed any more");
  behaviour.faults.push({ stallAfter: 100_000 });
  const reading = source.read("large");
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(reading, reason);

  const waiting = new AbortController();
  mock.method(sourceTiming, "wait", async (_: number, signal: AbortSignal) => {
    waiting.abort(reason);
    signal.throwIfAborted();
  });
  behaviour.faults = [{ status: 503 }];
  await assert.rejects(new HttpSource(base, { signal: waiting.signal }).read("config.json"), reason);
});

test("a checkpoint is read over HTTP", async () => {
  const source = new HttpSource(base);
  const checkpoint = await openSafetensors(source, "model.safetensors");
  const values = new Float32Array(2);
  await checkpoint.readFloat32("a", values, 0);
  assert.deepEqual([...values], [1, 2]);
  assert.equal(requests.length, 1);
});
