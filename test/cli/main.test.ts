/** The command line as a process: exit codes, signals, pipes, and what a killed run leaves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encode } from "../../src/cli/commands/encode.ts";
import { modelFolder } from "../helpers/fixtures.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { ended, runCommand, spawnCommandLine } from "./support.ts";

const MODEL = modelFolder("bert-mean");

async function corpus(folder: string, count: number): Promise<string> {
  const file = join(folder, "corpus.txt");
  await writeFile(file, Array.from({ length: count }, (_, i) => `text ${i} of many\n`).join(""));
  return file;
}

async function size(file: string): Promise<number> {
  return (await stat(file).catch(() => ({ size: 0 }))).size;
}

test("exit codes: 0 done, 1 failed, 2 wrong arguments; errors are one line", {
  timeout: 120_000,
}, async () => {
  const [help, usage, failed] = await Promise.all(
    [
      ["encode", "--help"],
      ["encode", "--bogus"],
      ["similarity", "./no-such-model", "a", "b"],
    ].map((argv) => ended(spawnCommandLine(...argv))),
  );
  assert.equal(help!.code, 0, help!.stderr);
  assert.match(help!.stdout, /^Usage: sentensor encode MODEL[\s\S]*--resume/);
  assert.equal(usage!.code, 2);
  assert.match(usage!.stderr, /^sentensor: Unknown option '--bogus'/);
  assert.equal(failed!.code, 1);
  assert.equal(failed!.stderr, "sentensor: ./no-such-model: there is no such file or folder\n");
  assert.equal(failed!.stdout, "");
});

test("a run that is killed is completed by --resume, byte for byte", { timeout: 120_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, 1200);
  const [whole, output] = [join(folder, "whole.safetensors"), join(folder, "out.safetensors")];
  await runCommand(encode, [MODEL, "-i", file, "-o", whole]);
  const child = spawnCommandLine("encode", MODEL, "-i", file, "-o", output, "--batch-size", "1");
  const result = ended(child);
  while ((await size(output)) < 100_000 && child.exitCode === null) await sleep(2);
  await sleep(Math.random() * 50);
  child.kill("SIGKILL");
  const { code, stderr } = await result;
  assert.equal(code, null, `the premise is that it was killed: ${stderr}`);
  await runCommand(encode, [MODEL, "-i", file, "-o", output, "--resume"]);
  assert.deepEqual(await readFile(output), await readFile(whole));
});

test("Ctrl-C ends with 130 and a file that can be continued", { timeout: 120_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = await corpus(folder, 3000);
  const output = join(folder, "out.npy");
  const child = spawnCommandLine("encode", MODEL, "-i", file, "-o", output, "--batch-size", "1");
  const result = ended(child);
  while ((await size(output)) < 100_000 && child.exitCode === null) await sleep(2);
  child.kill("SIGINT");
  const { code, stderr } = await result;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^\d+ embeddings are there; --resume goes on after them\n$/);
  const rows = Number(/^\d+/.exec(stderr)![0]);
  assert.ok(rows > 0 && rows < 3000);
  const header = (await readFile(output)).subarray(0, 128).toString("latin1");
  assert.match(header, new RegExp(`'shape': \\(${rows}, \\d+\\)`));
});

test("a reader that closes the pipe is no error", { timeout: 120_000 }, async () => {
  const child = spawnCommandLine("encode", MODEL, "-", "--batch-size", "1");
  const result = ended(child);
  child.stdin.on("error", () => {}); // it may close before all is written
  child.stdin.end("a text\n".repeat(3000));
  await Promise.race([once(child.stdout, "data"), result]);
  child.stdout.destroy();
  const { code, stderr } = await result;
  assert.equal(stderr, "");
  assert.equal(code, 0);
});
