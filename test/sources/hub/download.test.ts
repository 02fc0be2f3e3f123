/** What can go wrong while a file is downloaded, and what is left of it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { HubClient } from "../../../src/sources/hub/client.ts";
import {
  HubConnectionError,
  type HubError,
  HubIntegrityError,
  HubResponseError,
  HubStorageError,
} from "../../../src/sources/hub/errors.ts";
import { claimPartialFile, PartialFile } from "../../../src/sources/hub/partial-file-node.ts";
import { ResumeRefused, transfer } from "../../../src/sources/hub/transfer.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { files, type Hub, MODEL, RecordedTiming, startHub, weights } from "./setup.ts";

const LARGE = "model.safetensors";
const ETAG = "c12fb0010fbd782b0ffcb958d34a9cd29f9c42692ff2f8361f3379ddd0790932";
const HOST = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
const NOBODY = 2 ** 22 + 1; // beyond the largest process number of Linux

async function readWeights(hub: Hub): Promise<void> {
  const { source } = await hub.open();
  assert.deepEqual(new Uint8Array(await source.read(LARGE)), weights);
}

/** The ranges that were asked of the server that sends large files. */
function ranges(hub: Hub): (string | undefined)[] {
  return hub.server.requests.filter(({ server }) => server === "cdn").map(({ headers }) => headers.range);
}

async function blobs(hub: Hub): Promise<string[]> {
  return (await readdir(join(hub.folder, "blobs"))).filter((name) => name.startsWith(ETAG));
}

/** No blob, and nothing in a snapshot, unless it is whole. */
async function assertNothingBroken(hub: Hub): Promise<void> {
  const folder = join(hub.folder, "blobs");
  for (const name of await readdir(folder)) {
    if (name === ETAG) assert.deepEqual(new Uint8Array(await readFile(join(folder, name))), weights);
  }
  const placed = join(hub.folder, "snapshots", hub.commit, LARGE);
  const inSnapshot = await readFile(placed).catch(() => undefined);
  if (inSnapshot !== undefined) assert.deepEqual(new Uint8Array(inSnapshot), weights);
}

async function rejectsWith<E extends HubError>(
  promise: Promise<unknown>,
  kind: abstract new (...given: never[]) => E,
  message: RegExp | null,
): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    if (message !== null) assert.match(error.message, message);
    return true;
  });
}

/** A part of the weights as a run left it that ended in the middle. */
async function leavePart(hub: Hub, writer: string, part: Uint8Array, age = 0, etag = ETAG): Promise<string> {
  const folder = join(hub.folder, "blobs");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${etag}.${writer}.incomplete`);
  await writeFile(file, part);
  const time = Date.now() / 1000 - age;
  await utimes(file, time, time);
  return file;
}

// Most of the time the disk is waited for.
describe("downloads", { concurrency: 4 }, () => {
  test("a connection that breaks is taken up where it broke", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "cut", after: 100_000 }, { kind: "cut", after: 50_000 });
    await readWeights(hub);
    const [first, second, third, ...others] = ranges(hub);
    assert.deepEqual([first, others], [undefined, []]);
    const starts = [second, third].map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
    assert.ok(starts[0]! > 0 && starts[0]! <= 100_000, "as far as it had come");
    assert.ok(starts[1]! > starts[0]! && starts[1]! <= 150_000);
  });

  test("the rest is only asked for where it still is the same file", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "cut", after: 100_000 });
    await readWeights(hub);
    const [hubFirst, hubSecond] = hub.server.requestsFor(`${hub.commit}/${LARGE}`);
    const [, cdnSecond] = hub.server.requests.filter(({ server }) => server === "cdn");
    assert.equal(hubFirst?.headers["if-range"], undefined);
    assert.equal(hubSecond?.headers["if-range"], `"${ETAG}"`);
    assert.equal(cdnSecond?.headers["if-range"], `"cdn-${createHash("md5").update(weights).digest("hex")}"`);
  });

  test("a file that became another one in the meantime is begun anew, and checked", async (t) => {
    const hub = await startHub(t);
    hub.server.fail(
      "cdn GET",
      { kind: "cut", after: 100_000 },
      { kind: "headers", headers: { etag: '"other"' } },
    );
    hub.server.fail("cdn GET", { kind: "headers", headers: {} });
    await readWeights(hub);
    await assertNothingBroken(hub);
  });

  test("a server that sends the whole file instead of the rest is taken at its word", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "cut", after: 100_000 }, { kind: "no ranges" });
    await readWeights(hub);
    assert.deepEqual(
      ranges(hub).map((range) => range === undefined),
      [true, false, true],
    );
  });

  test("a server that always breaks off, and knows no ranges, is given up", async (t) => {
    const hub = await startHub(t);
    for (let i = 0; i < 3; i++)
      hub.server.fail("cdn GET", { kind: "cut", after: 1000 }, { kind: "no ranges" });
    const { source } = await hub.open();
    await rejectsWith(source.open(LARGE), HubConnectionError, null);
    assert.deepEqual(await blobs(hub), []);
  });

  test("a rest that begins elsewhere, or belongs to a longer file, is not used", async (t) => {
    for (const range of ["bytes 7-299999/300000", "bytes 100000-299999/300001", "nonsense"]) {
      const hub = await startHub(t);
      hub.server.fail(
        "cdn GET",
        { kind: "cut", after: 100_000 },
        { kind: "headers", headers: { "content-range": range } },
      );
      await readWeights(hub);
    }
  });

  test("a rest that begins elsewhere is not even read", async () => {
    const bytes = new Uint8Array(1000);
    const commit = "a".repeat(40);
    let sent = 0;
    const answers = [
      new Response(
        new ReadableStream({
          pull: (stream) => (sent++ === 0 ? stream.enqueue(bytes) : stream.error(new Error("reset"))),
        }),
      ),
      new Response(bytes, { status: 206, headers: { "content-range": "bytes 999-1998/2000" } }),
    ];
    const client = new HubClient({
      model: MODEL,
      endpoint: "https://hub.example",
      token: undefined,
      timing: new RecordedTiming(),
      signal: undefined,
      browser: false,
      fetch: async () => answers.shift() ?? assert.fail("one request too many"),
    });
    const file = { size: 2000, etag: undefined };
    const pieces = transfer(client, { commit, path: LARGE, file, from: 0 });
    assert.equal((await pieces.next()).value?.length, 1000);
    await assert.rejects(pieces.next(), ResumeRefused);
  });

  test("a part that is too long goes, also where there is no hash to tell", async (t) => {
    const hub = await startHub(t);
    hub.server.listsMetadata = false;
    await leavePart(hub, "parked", new Uint8Array(50), 0, "own-etag-1");
    hub.server.fail("HEAD /org/tiny", { kind: "headers", headers: { etag: '"own-etag-1"' } });
    const { source } = await hub.open();
    assert.equal(new TextDecoder().decode(await source.read("README.md")), files["README.md"]);
  });

  test("what a run left behind is continued by the next", async (t) => {
    const hub = await startHub(t);
    for (let i = 0; i < 5; i++) hub.server.fail("cdn GET", { kind: "cut", after: 20_000 });
    const { source } = await hub.open();
    await rejectsWith(source.open(LARGE), HubConnectionError, /^org\/tiny: /);
    assert.deepEqual(await blobs(hub), [`${ETAG}.parked.incomplete`]);
    await assertNothingBroken(hub);

    const before = ranges(hub).length;
    await readWeights(hub);
    const [range, ...others] = ranges(hub).slice(before);
    assert.match(range ?? "", /^bytes=\d{5,6}-$/);
    assert.deepEqual(others, []);
    assert.deepEqual(await blobs(hub), [ETAG]);
  });

  test("what a killed process left is continued, what runs elsewhere is not touched", async (t) => {
    const cases = [
      { writer: `${HOST}-${NOBODY}-00000000`, age: 0, isTaken: true },
      { writer: `00000000-${process.pid}-00000000`, age: 3600, isTaken: true },
      { writer: `${HOST}-${process.ppid}-00000000`, age: 3600, isTaken: true },
      // Our number, but from before we began: a container that was started again.
      { writer: `${HOST}-${process.pid}-00000000`, age: process.uptime() + 10, isTaken: true },
      { writer: "1a2b3c4d", age: 3600, isTaken: false }, // huggingface_hub's
    ];
    for (const { writer, age, isTaken } of cases) {
      const hub = await startHub(t);
      await leavePart(hub, writer, weights.subarray(0, 120_000), age);
      await readWeights(hub);
      assert.deepEqual(ranges(hub), [isTaken ? "bytes=120000-" : undefined], writer);
      assert.deepEqual(await blobs(hub), isTaken ? [ETAG] : [ETAG, `${ETAG}.${writer}.incomplete`], writer);
    }
  });

  test("a part that is not the file's beginning is thrown away", async (t) => {
    for (const part of [
      new Uint8Array(1000),
      new Uint8Array(weights.length),
      new Uint8Array(weights.length + 1),
    ]) {
      const hub = await startHub(t);
      await leavePart(hub, "parked", part);
      await readWeights(hub);
      assert.deepEqual(ranges(hub).at(-1), undefined, "from the beginning in the end");
      assert.deepEqual(await blobs(hub), [ETAG]);
    }
  });

  test("a part that is all of the file needs no request", async (t) => {
    const hub = await startHub(t);
    await leavePart(hub, "parked", weights);
    await readWeights(hub);
    assert.deepEqual(ranges(hub), []);
  });

  test("two that want the same file at the same time download it once", async (t) => {
    const hub = await startHub(t);
    await Promise.all(Array.from({ length: 4 }, () => readWeights(hub)));
    assert.equal(ranges(hub).length, 1);
    assert.deepEqual(await blobs(hub), [ETAG]);
  });

  test("a file that another process downloads is waited for, and taken over when that ends", async (t) => {
    const hub = await startHub(t);
    const other: ChildProcess = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    t.after(() => other.kill());
    const part = weights.subarray(0, 120_000);
    await leavePart(hub, `${HOST}-${other.pid}-00000000`, part);
    const loaded: number[] = [];
    const { source } = await hub.open({
      progress: (event) => event.file === LARGE && loaded.push(event.loaded),
    });
    const reading = source.read(LARGE);
    while (hub.timing.waits.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(ranges(hub), []);
    assert.equal(loaded[0], part.length, "its progress is ours");
    const ended = new Promise((resolve) => other.once("exit", resolve));
    other.kill();
    await ended;
    assert.deepEqual(new Uint8Array(await reading), weights);
    assert.deepEqual(ranges(hub), ["bytes=120000-"]);
    assert.equal(loaded.at(-1), weights.length);
  });

  test("a part can be claimed by one only", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "aaaa.parked.incomplete"), "part");
    const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimPartialFile(folder, "aaaa", wait)));
    const owners = claims.filter((claim) => claim instanceof PartialFile);
    assert.equal(owners.length, 1);
    assert.equal(owners[0]!.size, 4);
    for (const owner of owners) await owner.discard();
  });

  test("a mark of a process that ended while it claimed a file does not last", async (t) => {
    const folder = await temporaryFolder(t);
    const mark = join(folder, "aaaa.claim");
    await writeFile(mark, "");
    const old = Date.now() / 1000 - 60;
    await utimes(mark, old, old);
    const claim = await claimPartialFile(folder, "aaaa", () => assert.fail("there is nobody to wait for"));
    assert.ok(claim instanceof PartialFile);
    await claim.discard();
    assert.deepEqual(await readdir(folder), []);
  });

  test("a file that was taken away from its writer is the taker's to finish", async (t) => {
    const folder = await temporaryFolder(t);
    const wait = () => Promise.resolve();
    const part = await claimPartialFile(folder, "aaaa", wait);
    assert.ok(part instanceof PartialFile);
    await part.append(new Uint8Array(3));
    const [name] = await readdir(folder);
    await writeFile(join(folder, "taken"), await readFile(join(folder, name!)));
    await rm(join(folder, name!));
    assert.equal(await part.finish(join(folder, "aaaa")), false);
    assert.deepEqual(await readdir(folder), ["taken"]);
  });

  test("server errors pass, with longer and longer waits", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("/api/models", { kind: "status", status: 500 }, { kind: "status", status: 502 });
    hub.server.fail(`/resolve/${hub.commit}/${LARGE}`, { kind: "status", status: 503 }, { kind: "reset" });
    hub.server.fail("cdn GET", { kind: "status", status: 504 });
    await readWeights(hub);
    assert.deepEqual(hub.timing.waits, [500, 1000, 500, 1000, 2000]);
  });

  test("server errors that do not pass end in the status", async (t) => {
    const hub = await startHub(t);
    for (let i = 0; i < 5; i++) hub.server.fail("cdn GET", { kind: "status", status: 503 });
    const { source } = await hub.open();
    await rejectsWith(
      source.open(LARGE),
      HubResponseError,
      /^org\/tiny: 127\.0\.0\.1:\d+ answered with status 503$/,
    );
    assert.deepEqual(hub.timing.waits, [500, 1000, 2000, 4000]);
    assert.deepEqual(await blobs(hub), []);
  });

  test("a refusal that says when to come back is obeyed", async (t) => {
    const hub = await startHub(t);
    const later = (value: string): { kind: "status"; status: number; headers: Record<string, string> } => ({
      kind: "status",
      status: 429,
      headers: { "retry-after": value },
    });
    hub.server.fail("/api/models", later("7"), later("86400"));
    hub.server.fail("cdn GET", {
      kind: "status",
      status: 429,
      headers: { ratelimit: '"resolvers";r=0;t=11' },
    });
    await readWeights(hub);
    assert.deepEqual(hub.timing.waits, [7000, 60_000, 12_000]);
  });

  test("a status that will not pass is not asked for again", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "status", status: 403 });
    const { source } = await hub.open();
    await rejectsWith(source.open(LARGE), HubResponseError, /answered with status 403/);
    assert.deepEqual(hub.timing.waits, []);
  });

  test("progress makes up for failures: a slow way is a way", async (t) => {
    const hub = await startHub(t);
    hub.server.publish("org/tiny", { ...files, [LARGE]: new Uint8Array(1_200_000).fill(9) });
    for (let i = 0; i < 9; i++) hub.server.fail("cdn GET", { kind: "cut", after: 130_000 });
    const { source } = await hub.open();
    assert.equal((await source.read(LARGE)).length, 1_200_000);
    assert.ok(hub.timing.waits.length >= 9);
  });

  test("a file with another content is refused, and not kept", async (t) => {
    const hub = await startHub(t);
    const other = Uint8Array.from(weights, (byte, i) => (i === 250_000 ? byte ^ 1 : byte));
    hub.server.fail("cdn GET", { kind: "body", body: other }, { kind: "body", body: other });
    const { source } = await hub.open();
    await rejectsWith(
      source.open(LARGE),
      HubIntegrityError,
      /model\.safetensors: .* hash c12fb001\w+ was expected, found/,
    );
    assert.deepEqual(await blobs(hub), []);
    await assertNothingBroken(hub);

    const small = "config.json";
    const wanted = `${hub.commit}/${small}`;
    hub.server.fail(
      wanted,
      { kind: "body", body: '{"model_type":"evil"}' },
      { kind: "body", body: '{"model_type":"bart"}' },
    );
    await rejectsWith((await hub.open()).source.read(small), HubIntegrityError, /config\.json/);
    assert.equal((await (await hub.open()).source.read(small)).length, 21, "the next time it may be right");
  });

  test("a file of another size is refused before it is read", async (t) => {
    for (const body of [weights.subarray(1), new Uint8Array(weights.length + 1)]) {
      const hub = await startHub(t);
      hub.server.fail("cdn GET", { kind: "body", body }, { kind: "body", body });
      const { source } = await hub.open();
      await rejectsWith(source.open(LARGE), HubIntegrityError, /expected 300000 bytes, the server has/);
      assert.deepEqual(await blobs(hub), []);
    }
  });

  test("a body without a declared length that ends too early is taken up again", async (t) => {
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "short", after: 100_000 });
    await readWeights(hub);
    assert.deepEqual(ranges(hub), [undefined, "bytes=100000-"]);
  });

  test("a body without a declared length ends where the file has to end", async (t) => {
    const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };
    const hub = await startHub(t);
    hub.server.fail("cdn GET", { kind: "headers", headers: chunked });
    await readWeights(hub);

    const endless = await startHub(t);
    for (let i = 0; i < 2; i++) endless.server.fail("cdn GET", { kind: "endless" });
    const { source } = await endless.open();
    await rejectsWith(source.open(LARGE), HubIntegrityError, /expected 300000 bytes, the server sent more/);
    assert.deepEqual(await blobs(endless), []);
  });

  test("a file of another commit, or that contradicts the listing, is refused", async (t) => {
    for (const headers of [{ "x-repo-commit": "f".repeat(40) }, { "x-linked-etag": `"${"f".repeat(64)}"` }]) {
      const hub = await startHub(t);
      hub.server.fail(`/${LARGE}`, { kind: "headers", headers }, { kind: "headers", headers });
      const { source } = await hub.open();
      await rejectsWith(
        source.open(LARGE),
        HubIntegrityError,
        /another commit|the hub lists c12f\w+ and sends ffff/,
      );
    }
  });

  test("an abort keeps what has come for the next run", async (t) => {
    const hub = await startHub(t);
    const controller = new AbortController();
    hub.server.fail("cdn GET", { kind: "trickle", size: 50_000, pause: 30 });
    const progress = ({ file, loaded }: { file: string; loaded: number }) => {
      if (file === LARGE && loaded > 0) controller.abort(new Error("enough"));
    };
    const { source } = await hub.open({ signal: controller.signal, progress });
    await assert.rejects(source.open(LARGE), /enough/);
    assert.deepEqual(await blobs(hub), [`${ETAG}.parked.incomplete`]);
    await readWeights(hub);
    assert.match(ranges(hub).at(-1) ?? "", /^bytes=\d+-$/);
  });

  test("an abort while another process claims a file is an abort", async (t) => {
    const hub = await startHub(t);
    const controller = new AbortController();
    const { source } = await hub.open({ signal: controller.signal });
    await mkdir(join(hub.folder, "blobs"), { recursive: true });
    await writeFile(join(hub.folder, "blobs", `${ETAG}.claim`), "");
    const reading = source.read(LARGE);
    while (hub.timing.waits.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    await assert.rejects(reading, { name: "AbortError" });
  });

  test("a process that is killed at any moment leaves nothing that passes for a file", async (t) => {
    const hub = await startHub(t);
    const script = `
    const { openNodeModel } = await import(${JSON.stringify(new URL("../../../src/sources/hub/open-node.ts", import.meta.url).href)});
    const options = { endpoint: ${JSON.stringify(hub.server.url)}, cacheFolder: ${JSON.stringify(hub.cache)} };
    const progress = ({ file, loaded }) => file === "${LARGE}" && loaded > 0 && process.kill(process.pid, "SIGKILL");
    const { source } = await openNodeModel("${MODEL}", { ...options, progress });
    await source.open("${LARGE}");
  `;
    hub.server.fail("cdn GET", { kind: "trickle", size: 50_000, pause: 30 });
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: "inherit",
    });
    await new Promise((resolve) => child.once("exit", resolve));
    const [left, ...others] = await blobs(hub);
    assert.match(left ?? "", new RegExp(`^${ETAG}\\.${HOST}-${child.pid}-\\w{8}\\.incomplete$`));
    assert.deepEqual(others, []);
    await assertNothingBroken(hub);

    await readWeights(hub);
    assert.match(ranges(hub).at(-1) ?? "", /^bytes=\d+-$/, "it was continued");
    assert.deepEqual(await blobs(hub), [ETAG]);
  });
});

// These look at the clock, or change what all share.

test("a body that stops without end is taken up again; one that only is slow is not disturbed", async (t) => {
  const hub = await startHub(t, { timing: new RecordedTiming({ stallTimeout: 400 }) });
  hub.server.fail("cdn GET", { kind: "stall", after: 100_000 }, { kind: "trickle", size: 2_000, pause: 5 });
  const started = performance.now();
  await readWeights(hub);
  assert.ok(performance.now() - started > 800, "the slow part took longer than the limit");
  assert.deepEqual(hub.timing.waits, [500]);
  assert.equal(ranges(hub).length, 2);
});

test("a server that takes the request and never answers is asked again", async (t) => {
  const hub = await startHub(t, { timing: new RecordedTiming({ attempts: 2, answerTimeout: 150 }) });
  hub.server.fail("/revision/main", { kind: "stall", after: -1 });
  await hub.open();
  assert.equal(hub.server.requests.length, 2);
  hub.server.fail("/revision/v1", { kind: "stall", after: -1 }, { kind: "stall", after: -1 });
  await rejectsWith(hub.open({ revision: "v1" }), HubConnectionError, /did not answer within 0\.15 s/);
});

test("a full disk leaves nothing behind, and says what to do", async (t) => {
  for (const code of ["ENOSPC", "EDQUOT"]) {
    const hub = await startHub(t);
    const { append } = PartialFile.prototype;
    const mock = t.mock.method(
      PartialFile.prototype,
      "append",
      async function (this: PartialFile, bytes: Uint8Array) {
        if (this.size > 100_000) throw Object.assign(new Error(`${code}, write`), { code });
        await append.call(this, bytes);
      },
    );
    const { source } = await hub.open();
    await rejectsWith(
      source.open(LARGE),
      HubStorageError,
      /blobs.*: the disk .*; make room, or put the cache elsewhere/,
    );
    mock.mock.restore();
    assert.deepEqual(await blobs(hub), []);
    await assertNothingBroken(hub);
    await readWeights(hub);
  }
});

test("nothing is sent while a wait lasts", async (t) => {
  const hub = await startHub(t);
  const sent: number[] = [];
  hub.timing.wait = async () => {
    sent.push(hub.server.requests.length);
    await new Promise((resolve) => setTimeout(resolve, 30));
    sent.push(hub.server.requests.length);
  };
  hub.server.fail("/api/models", { kind: "status", status: 503 });
  await hub.open();
  assert.deepEqual([...sent, hub.server.requests.length], [1, 1, 2]);
});
