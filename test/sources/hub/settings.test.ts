import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { ArgumentError } from "../../../src/errors.ts";
import { defaultTiming, requestedDelay, retryDelay, withTimeouts } from "../../../src/sources/http/timing.ts";
import { readSettings } from "../../../src/sources/hub/environment-node.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const HOME = resolve("/home/ada");

async function cacheFolder(environment: Record<string, string>, option?: string): Promise<string> {
  const options = option === undefined ? {} : { cacheFolder: option };
  const home = process.platform === "win32" ? { USERPROFILE: HOME } : { HOME };
  return (await readSettings(options, { ...home, ...environment })).cacheFolder;
}

test("the cache lies where the option, else the first of the variables says", async () => {
  assert.equal(await cacheFolder({}), join(HOME, ".cache", "huggingface", "hub"));
  const variables: Record<string, string> = {};
  const expected: [string, string, string][] = [
    ["XDG_CACHE_HOME", resolve("/xdg"), resolve("/xdg/huggingface/hub")],
    ["HF_HOME", resolve("/hf"), resolve("/hf/hub")],
    ["HUGGINGFACE_HUB_CACHE", resolve("/old"), resolve("/old")],
    ["HF_HUB_CACHE", resolve("/new"), resolve("/new")],
    ["SENTENCE_TRANSFORMERS_HOME", resolve("/st"), resolve("/st")],
  ];
  for (const [name, value, folder] of expected) {
    variables[name] = value;
    assert.equal(await cacheFolder(variables), folder, name);
  }
  assert.equal(await cacheFolder(variables, resolve("/mine")), resolve("/mine"));
});

test("folders may begin with ~ and name variables; an empty variable does not count", async () => {
  assert.equal(await cacheFolder({ HF_HOME: "~/models" }), join(HOME, "models", "hub"));
  assert.equal(
    await cacheFolder({ HF_HUB_CACHE: `$SCRATCH/\${USER}_$NONE`, SCRATCH: resolve("/s"), USER: "ada" }),
    resolve("/s/ada_$NONE"),
  );
  assert.equal(
    await cacheFolder({ HF_HOME: "", HF_HUB_CACHE: "" }),
    join(HOME, ".cache", "huggingface", "hub"),
  );
  assert.equal(await cacheFolder({}, "~/cache"), join(HOME, "cache"));
  await assert.rejects(cacheFolder({}, "a\0b"), ArgumentError);
});

test("the token comes from the option, else HF_TOKEN, else the file of `hf auth login`", async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "other"));
  await writeFile(join(folder, "token"), "hf_file\n");
  await writeFile(join(folder, "other", "token"), "hf_other");
  const token = async (options: { token?: string | boolean }, environment: Record<string, string>) =>
    (await readSettings(options, { HF_HOME: folder, ...environment })).token;
  assert.equal(await token({}, {}), "hf_file");
  assert.equal(await token({}, { HF_TOKEN_PATH: join(folder, "other", "token") }), "hf_other");
  assert.equal(await token({}, { HUGGING_FACE_HUB_TOKEN: "hf_old" }), "hf_old");
  assert.equal(await token({}, { HUGGING_FACE_HUB_TOKEN: "hf_old", HF_TOKEN: " hf_env\r\n" }), "hf_env");
  assert.equal(await token({ token: "hf_option" }, { HF_TOKEN: "hf_env" }), "hf_option");
  assert.equal(await token({ token: false }, { HF_TOKEN: "hf_env" }), undefined);
  assert.equal(await token({}, { HF_TOKEN: "hf_env", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }), undefined);
  assert.equal(
    await token({ token: true }, { HF_TOKEN: "hf_env", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }),
    "hf_env",
  );
  assert.equal(await token({}, { HF_HOME: join(folder, "nowhere") }), undefined);
  await assert.rejects(token({ token: true }, { HF_HOME: join(folder, "nowhere") }), /hf auth login/);
});

test("a token that cannot be a header is refused, without being shown", async () => {
  for (const token of ["", "hf_a b", "hf_secret\r\nHost: evil", "hf_schlüssel"]) {
    await assert.rejects(readSettings({ token }, {}), (error: Error) => {
      assert.ok(error instanceof ArgumentError);
      return !error.message.includes("secret");
    });
  }
});

test("the endpoint is an http(s) address; the option wins over HF_ENDPOINT", async () => {
  assert.equal((await readSettings({}, {})).endpoint, "https://huggingface.co");
  const environment = { HF_ENDPOINT: "https://mirror.example/hub/" };
  assert.equal((await readSettings({}, environment)).endpoint, "https://mirror.example/hub");
  assert.equal(
    (await readSettings({ endpoint: "http://localhost:1" }, environment)).endpoint,
    "http://localhost:1",
  );
  for (const endpoint of [
    "huggingface.co",
    "file:///etc",
    "https://user:pass@hub.example",
    "https://hub.example/?a=1",
    "",
  ]) {
    await assert.rejects(readSettings({ endpoint }, {}), ArgumentError, endpoint);
  }
});

test("downloads are switched off by the option and by two variables", async () => {
  const because = async (options: object, environment: Record<string, string>) =>
    (await readSettings(options, environment)).offlineBecause;
  assert.equal(await because({}, {}), undefined);
  assert.equal(await because({ localFilesOnly: true }, {}), "localFilesOnly");
  for (const value of ["1", "true", "YES", "on"]) {
    assert.equal(await because({}, { HF_HUB_OFFLINE: value }), "HF_HUB_OFFLINE");
    assert.equal(await because({}, { TRANSFORMERS_OFFLINE: value }), "TRANSFORMERS_OFFLINE");
  }
  assert.equal(await because({}, { HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "no" }), undefined);
});

test("timeouts, links and bars have variables, too", async () => {
  const { symlinks, progressBars, answerTimeout, stallTimeout } = await readSettings({}, {});
  assert.deepEqual([symlinks, progressBars, answerTimeout, stallTimeout], [true, true, undefined, undefined]);
  const chosen = await readSettings(
    {},
    {
      HF_HUB_DISABLE_SYMLINKS: "1",
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      HF_HUB_ETAG_TIMEOUT: "3",
      HF_HUB_DOWNLOAD_TIMEOUT: "never",
    },
  );
  assert.deepEqual([chosen.symlinks, chosen.progressBars], [false, false]);
  const timing = withTimeouts(defaultTiming, chosen);
  assert.deepEqual([timing.answerTimeout, timing.stallTimeout], [3000, defaultTiming.stallTimeout]);
});

test("waits double, up to a limit, with chance in them", () => {
  const timing = { ...defaultTiming, random: () => 1 };
  assert.deepEqual(
    [0, 1, 2, 3, 4, 9].map((retry) => retryDelay(timing, retry, undefined)),
    [500, 1000, 2000, 4000, 8000, 8000],
  );
  assert.equal(retryDelay({ ...timing, random: () => 0 }, 0, undefined), 250);
});

test("what a server asks to wait for counts, up to a minute", () => {
  const now = Date.parse("2026-10-21T07:28:00Z");
  const delay = (headers: Record<string, string>) => requestedDelay(new Headers(headers), now);
  assert.equal(delay({ "retry-after": "7" }), 7000);
  assert.equal(delay({ "retry-after": "Wed, 21 Oct 2026 07:28:05 GMT" }), 5000);
  assert.equal(delay({ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }), 0);
  assert.equal(delay({ "retry-after": "soon" }), undefined);
  assert.equal(delay({}), undefined);
  assert.equal(delay({ ratelimit: '"api";r=0;t=55' }), 56_000);
  assert.equal(delay({ ratelimit: '"api";r=3;t=55' }), undefined);
  assert.equal(retryDelay(defaultTiming, 0, 7000), 7000);
  assert.equal(retryDelay(defaultTiming, 0, 86_400_000), 60_000);
});

test("a wait ends when the signal is raised, and leaves no timer", async () => {
  const controller = new AbortController();
  const waiting = defaultTiming.wait(60_000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(defaultTiming.wait(60_000, controller.signal), /enough/);
  await defaultTiming.wait(0, new AbortController().signal);
});
