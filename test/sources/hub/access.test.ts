/** Who may have what: tokens, gates, names that are not there, and hubs that are not to be trusted. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SentensorError } from "../../../src/errors.ts";
import { HubClient } from "../../../src/sources/hub/client.ts";
import {
  GatedModelError,
  HubAccessError,
  HubError,
  HubIntegrityError,
  HubResponseError,
  ModelNotFoundError,
  RevisionNotFoundError,
} from "../../../src/sources/hub/errors.ts";
import { openNodeModel } from "../../../src/sources/hub/open-node.ts";
import { transfer } from "../../../src/sources/hub/transfer.ts";
import { pathsBelow, temporaryFolder } from "../../helpers/temporary-folder.ts";
import { files, MODEL, RecordedTiming, startHub, text, weights } from "./setup.ts";

/** Blanks, in pieces of 4 MiB. */
function endlessBody(pieces: { sent: number }): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(2 ** 22).fill(32);
  return new ReadableStream({
    pull(stream) {
      pieces.sent++;
      stream.enqueue(piece);
    },
  });
}

type ErrorClass = abstract new (...given: never[]) => HubError;

async function rejectsWith(
  promise: Promise<unknown>,
  kind: ErrorClass,
  ...messages: RegExp[]
): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof kind && error instanceof HubError && error instanceof SentensorError);
    assert.equal(error.name, kind.name);
    for (const message of messages) assert.match(error.message, message);
    assert.doesNotMatch(error.message, /hf_secret/);
    return true;
  });
}

test("the token goes to the hub with every request, and to no other server", async (t) => {
  const hub = await startHub(t, { settings: { privateTo: "hf_secret" } });
  hub.server.redirectsSmallFiles = true;
  const { source } = await hub.open({ token: "hf_secret" });
  await source.fetchAll();
  const sent = (server: string) =>
    hub.server.requests
      .filter((request) => request.server === server)
      .map(({ headers }) => headers.authorization);
  assert.ok(sent("cdn").length > 0);
  assert.ok(sent("cdn").every((value) => value === undefined));
  assert.ok(sent("hub").length > 10);
  assert.ok(sent("hub").every((value) => value === "Bearer hf_secret"));
});

test("a token that left the hub does not come back with a redirect to it", async (t) => {
  const hub = await startHub(t);
  const location = `${hub.server.url}/org/tiny/resolve/${hub.commit}/config.json`;
  hub.server.fail("cdn GET", { kind: "status", status: 302, headers: { location } });
  const { source } = await hub.open({ token: "hf_secret" });
  assert.equal((await source.read("model.safetensors")).length, weights.length, "at the second try");
  const back = hub.server.requestsFor(`${hub.commit}/config.json`);
  assert.deepEqual(
    back.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

test("without a token none is sent", async (t) => {
  const hub = await startHub(t);
  await (await hub.open({ token: false }, { HF_TOKEN: "hf_secret" })).source.read("config.json");
  assert.ok(hub.server.requests.every(({ headers }) => headers.authorization === undefined));
  await (await hub.open({}, { HF_TOKEN: "hf_secret" })).source.read("README.md");
  const [request] = hub.server.requestsFor(`${hub.commit}/README.md`);
  assert.equal(request?.headers.authorization, "Bearer hf_secret");
});

test("a model that is not there, or is private: its name, where to look, and the token", async (t) => {
  const hub = await startHub(t, { settings: { privateTo: "hf_right" } });
  const page = new RegExp(`check the name at ${hub.server.url}/org/tiny`);
  await rejectsWith(
    hub.open(),
    ModelNotFoundError,
    /^org\/tiny: 127.* has no such model, or keeps it private/,
    page,
    /HF_TOKEN/,
  );
  await rejectsWith(
    hub.open({ token: "hf_secret" }),
    ModelNotFoundError,
    page,
    /the token in use does not open it/,
  );
  assert.deepEqual(hub.timing.waits, [], "that will not change");
});

test("a gated model: where its conditions can be accepted, and the token", async (t) => {
  const hub = await startHub(t, { settings: { gatedTo: "hf_right" } });
  const { source } = await hub.open();
  const page = new RegExp(`accept its conditions at ${hub.server.url}/org/tiny; `);
  await rejectsWith(source.read("config.json"), GatedModelError, /^org\/tiny: /, page, /HF_TOKEN/);
  const wrong = (await hub.open({ token: "hf_secret" })).source;
  await rejectsWith(
    wrong.read("config.json"),
    GatedModelError,
    page,
    /the account of the token in use has not done so/,
  );
  const right = (await hub.open({ token: "hf_right" })).source;
  assert.deepEqual(new Uint8Array(await right.read("model.safetensors")), weights);
});

test("a token that the hub does not know, a model that it has closed, and a refusal without a reason", async (t) => {
  const hub = await startHub(t);
  const refuse = (status: number, message: string) =>
    hub.server.fail("/api/models", { kind: "status", status, headers: { "x-error-message": message } });
  refuse(401, "Invalid credentials in Authorization header");
  await rejectsWith(hub.open({ token: "hf_secret" }), HubAccessError, /does not accept the token/);
  refuse(403, "Access to this resource is disabled.");
  await rejectsWith(hub.open(), HubAccessError, /has disabled access to this model/);
  refuse(403, "Not\u0085 today");
  await rejectsWith(
    hub.open({ token: "hf_secret" }),
    HubAccessError,
    /denies this token access to the model: "Not\\u0085 today"/,
  );
});

test("a missing revision is named", async (t) => {
  const hub = await startHub(t);
  await rejectsWith(
    hub.open({ revision: "v9" }),
    RevisionNotFoundError,
    /^org\/tiny: the model has no revision "v9"/,
  );
});

test("a limit on requests is named, with what raises it", async (t) => {
  const hub = await startHub(t);
  for (let i = 0; i < 5; i++) hub.server.fail("/api/models", { kind: "status", status: 429 });
  await rejectsWith(hub.open(), HubResponseError, /answered with status 429; with a token \(HF_TOKEN\) more/);
});

test("redirects end, stay encrypted, and lead to servers only", async (t) => {
  const hub = await startHub(t);
  const { source } = await hub.open();
  const redirect = (location: string) => ({ kind: "status", status: 302, headers: { location } }) as const;
  for (const location of [
    "file:///etc/passwd",
    "ftp://a/b",
    "data:text/plain,x",
    "http://",
    "javascript:0",
  ]) {
    hub.server.fail(`${hub.commit}/README.md`, redirect(location));
    await rejectsWith(source.read("README.md"), HubResponseError, /redirects to ".*"; expected https/);
  }
  for (let i = 0; i < 11; i++)
    hub.server.fail(`${hub.commit}/vocab.txt`, redirect(`/org/tiny/resolve/${hub.commit}/vocab.txt`));
  await rejectsWith(source.read("vocab.txt"), HubResponseError, /more than 10 redirects/);

  const downgrade = async () =>
    new Response(null, { status: 302, headers: { location: "http://cdn.example/x" } });
  const options = { endpoint: "https://hub.example", cacheFolder: hub.cache, fetch: downgrade };
  await rejectsWith(
    openNodeModel("org/other", options),
    HubResponseError,
    /hub\.example redirects to "http:.*; expected https/,
  );
});

test("what is not a hub is recognized by its answer", async (t) => {
  const hub = await startHub(t);
  const sibling = { rfilename: "config.json" };
  const answers = [
    "<html>Sign in to the hotel's network</html>",
    "null",
    "[]",
    "7",
    "{}",
    JSON.stringify({ sha: "main", siblings: [sibling] }),
    JSON.stringify({ sha: "../../../../etc", siblings: [sibling] }),
    JSON.stringify({ sha: "A".repeat(40), siblings: [sibling] }),
    JSON.stringify({ sha: `${"a".repeat(40)}/..`, siblings: [sibling] }),
    JSON.stringify({ sha: ["a".repeat(40)], siblings: [sibling] }),
    JSON.stringify({ sha: "a".repeat(40), siblings: "config.json" }),
    JSON.stringify({ sha: "a".repeat(40) }),
  ];
  for (const body of answers) {
    hub.server.fail("/api/models", { kind: "body", body });
    await rejectsWith(hub.open(), HubResponseError, /is that the address of a hub\?$/);
  }
  assert.deepEqual(await readdir(hub.cache), []);
});

test("a listing that breaks off is asked for again", async (t) => {
  const hub = await startHub(t);
  hub.server.fail("/api/models", { kind: "cut", after: 50 });
  await hub.open();
  assert.deepEqual(hub.timing.waits, [500]);
});

test("a listing without end is not read to its end", async (t) => {
  const pieces = { sent: 0 };
  const endless = async () => new Response(endlessBody(pieces));
  const options = { endpoint: "https://hub.example", cacheFolder: await temporaryFolder(t), fetch: endless };
  await rejectsWith(
    openNodeModel(MODEL, options, { environment: {} }),
    HubResponseError,
    /is longer than 33554432 bytes/,
  );
  assert.ok(pieces.sent <= 10);
});

test("listed names that leave the folder do not exist", async (t) => {
  const hub = await startHub(t);
  const names = ["../evil", "/etc/passwd", "a\\..\\b", "C:evil", "a\0b", "nul", "a/../../b", "", ".", "a//b"];
  const sha = "a".repeat(40);
  const siblings = [...names, "config.json"].map((rfilename) => ({
    rfilename,
    size: 2,
    blobId: "b".repeat(40),
  }));
  const junk = [null, 7, "config.json", { rfilename: 7 }, { rfilename: ["x"] }, [], {}];
  hub.server.fail("/api/models", {
    kind: "body",
    body: JSON.stringify({ sha, siblings: [...junk, ...siblings] }),
  });
  const { source } = await hub.open();
  for (const name of names) await assert.rejects(source.exists(name));
  assert.ok(await source.exists("config.json"));
  assert.deepEqual((await source.fetchAll().catch(() => [])).length, 0);
  assert.ok((await pathsBelow(hub.cache)).every((path) => !path.includes("evil")));
  const saved = JSON.parse(await text(join(hub.folder, ".sentensor", `${sha}.json`)));
  assert.deepEqual(Object.keys(saved.files), ["config.json"]);
});

test("sizes and hashes that are none count as not listed", async (t) => {
  const hub = await startHub(t);
  const [blobId, sha256] = ["../../evil", "../../../evil"];
  const siblings = [
    { rfilename: "config.json", size: -1, blobId },
    { rfilename: "tokenizer.json", size: 1.5, blobId: "g".repeat(40) },
    { rfilename: "model.safetensors", size: 2 ** 60, blobId: "a".repeat(40), lfs: { sha256, size: "7" } },
    { rfilename: "vocab.txt", size: "6", blobId: 7, lfs: [] },
  ];
  const body = JSON.stringify({ sha: hub.commit, siblings });
  hub.server.fail("/api/models", { kind: "body", body });
  const { source } = await hub.open();
  for (const { rfilename } of siblings)
    assert.equal((await source.read(rfilename)).length, files[rfilename]!.length);
  assert.equal(hub.server.log("hub").filter((line) => line.startsWith("HEAD")).length, siblings.length);
  const blobs = await readdir(join(hub.folder, "blobs"));
  if (process.platform !== "win32")
    assert.ok(
      blobs.every((name) => /^[0-9a-f]{40,64}$/.test(name)),
      blobs.join(),
    );
});

test("an ETag that cannot be the name of a file is refused", async (t) => {
  for (const etag of ["../../../evil", "..", "a/b", "con", "x".repeat(300), "a.b.incomplete", "a:stream12"]) {
    const hub = await startHub(t);
    hub.server.listsMetadata = false;
    const headers = { etag: `"${etag}"` };
    hub.server.fail(`HEAD /org/tiny/resolve/${hub.commit}/config.json`, { kind: "headers", headers });
    const { source } = await hub.open();
    await rejectsWith(
      source.read("config.json"),
      HubIntegrityError,
      /config\.json: the server's ETag cannot be used/,
    );
  }
  const hub = await startHub(t);
  hub.server.listsMetadata = false;
  hub.server.fail(`HEAD /org/tiny/resolve/${hub.commit}/config.json`, {
    kind: "headers",
    headers: { etag: undefined },
  });
  await rejectsWith((await hub.open()).source.read("config.json"), HubIntegrityError, /sent no ETag/);
});

test("a file of unknown size may not go on for ever", async () => {
  const pieces = { sent: 0 };
  const client = new HubClient({
    model: MODEL,
    endpoint: "https://hub.example",
    token: undefined,
    timing: new RecordedTiming(),
    signal: undefined,
    browser: false,
    fetch: async () => new Response(endlessBody(pieces)),
  });
  const file = { size: undefined, etag: undefined };
  const reading = async () => {
    for await (const _ of transfer(client, { commit: "a".repeat(40), path: "config.json", file, from: 0 }));
  };
  await rejectsWith(reading(), HubIntegrityError, /at most 67108864, as its size was not told/);
  assert.ok(pieces.sent <= 18);
});

test("modules.json may name no folder outside, and not more than anybody has", async (t) => {
  const hub = await startHub(t);
  const modules = [{ path: "../evil" }, { path: "/etc" }, { path: 7 }, null, { path: "1_Pooling" }];
  hub.server.publish(MODEL, { ...files, "modules.json": JSON.stringify(modules) });
  const { source } = await hub.open();
  assert.deepEqual(await source.fetchAll(), [
    "modules.json",
    "config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
    "model.safetensors",
  ]);
});
