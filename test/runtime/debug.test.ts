/** What SENTENSOR_DEBUG prints to standard error. Processes of their own, since the variable is read as they run. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { builtCommandLine } from "../helpers/built.ts";
import { modelFolder } from "../helpers/fixtures.ts";

async function similarity(level: string): Promise<{ stdout: string; stderr: string }> {
  const args = [builtCommandLine, "similarity", modelFolder("demo-en"), "a fish", "trout"];
  const env = { ...process.env, SENTENSOR_DEBUG: level };
  return await promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 26 });
}

test("each level of SENTENSOR_DEBUG prints what it promises, and changes no number", async () => {
  const [none, choices, kernels, code] = await Promise.all(["", "1", "2", "3"].map(similarity));
  assert.equal(none!.stderr, "");
  assert.match(choices!.stderr, /^sentensor: wasm: .*SIMD.*\n$/);
  assert.match(
    kernels!.stderr,
    /^sentensor: linear x \[8, 128\], weight \[512, 128\], bias \[512\], activation gelu: \d+\.\d+ ms$/m,
    "shapes and time",
  );
  assert.match(kernels!.stderr, /^sentensor: attention q \[8, 4, 32\], .*, offsets \[3\], .*: \d+\.\d+ ms$/m);
  const [, calls, milliseconds] = /^sentensor: linear: (\d+) calls, (\d+\.\d+) ms$/m.exec(kernels!.stderr)!;
  const each = [...kernels!.stderr.matchAll(/^sentensor: linear x \[.*: (\d+\.\d+) ms$/gm)];
  assert.equal(each.length, Number(calls));
  const sum = each.reduce((total, [, time]) => total + Number(time), 0);
  assert.ok(Math.abs(sum - Number(milliseconds)) < 0.01 + 0.001 * each.length);
  assert.match(code!.stderr, /f32x4\.mul/);
  for (const { stdout } of [choices!, kernels!, code!]) assert.equal(stdout, none!.stdout);
});
