/** The built package in headless Chromium: as most pages are, cross-origin isolated, and where nothing may be compiled. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { checkParity, runtimeCases } from "./cases.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const { CHROMIUM: program, launchChromium } = (await import(
  new URL("../../scripts/examples/chromium.mjs", import.meta.url).href
)) as { CHROMIUM: string; launchChromium: () => Promise<Browser> };
const skip =
  process.env.SENTENSOR_RUNTIMES === undefined
    ? "SENTENSOR_RUNTIMES is not set: tests in other runtimes were not asked for"
    : !existsSync(program)
      ? `there is no browser at ${program} (CHROMIUM names another)`
      : !existsSync(join(repository, "dist/index.js"))
        ? "there is no build (npm run build)"
        : false;

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".json": "application/json",
  ".html": "text/html",
};

const headersOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  isolated: {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  },
  workerless: {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
  },
  // Scripts of the page run, WebAssembly may not be compiled: that would take 'wasm-unsafe-eval'.
  strict: { "content-security-policy": "default-src 'self'; script-src 'self'" },
};

/** A service worker as a module, whose imports are not bundled: it may not call import(). */
const SERVICE_WORKER = `
import { SentenceTransformer } from "/dist/index.js";

async function embed(request) {
  const { url, texts } = await request.json();
  const model = await SentenceTransformer.load(url);
  const vectors = await model.encode(texts);
  const pool = await model.startMultiProcessPool(["cpu"]).catch(({ name, code, subject }) => ({ name, code, subject }));
  return Response.json({ vectors: vectors.map((vector) => [...vector]), pool });
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (event.request.method !== "POST") return;
  event.respondWith(embed(event.request).catch((error) => new Response(String(error.stack), { status: 500 })));
});`;

let server: Server;
let origin: string;
let browser: Browser;

before(async () => {
  if (skip !== false) return;
  server = createServer((request, response) => {
    const url = new URL(request.url!, "http://localhost");
    if (url.pathname in headersOf || url.pathname.slice(1) in headersOf) {
      response.writeHead(200, { "content-type": "text/html", ...headersOf[url.pathname.slice(1)] });
      response.end("<!doctype html><title>sentensor</title>");
      return;
    }
    if (url.pathname === "/service-worker.js") {
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end(SERVICE_WORKER);
      return;
    }
    const path = join(repository, normalize(url.pathname));
    if (!path.startsWith(repository) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": types[extname(path)] ?? "application/octet-stream",
      "cross-origin-resource-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(request.method === "HEAD" ? undefined : readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

for (const page of Object.keys(headersOf)) {
  test(`Chromium, ${page} page: the numbers of the Python library`, { skip, timeout: 180_000 }, async (t) => {
    const context = await browser.newContext();
    const tab = await context.newPage();
    const complaints: string[] = [];
    tab.on("pageerror", (error) => complaints.push(String(error)));
    await tab.goto(`${origin}/${page}`);
    const cases = runtimeCases().map(({ name, folder, texts }) => ({
      name,
      url: `${origin}/${folder.slice(repository.length)}/`,
      texts,
    }));
    const { backend, isolated, results, pool } = await tab.evaluate(
      async ({ entry, jobs }) => {
        const { SentenceTransformer } = await import(entry);
        const found: Record<string, number[][]> = {};
        for (const { name, url, texts } of jobs) {
          const model = await SentenceTransformer.load(url);
          found[name] = (await model.encode(texts)).map((vector: Float32Array) => [...vector]);
          await model.dispose();
        }
        const other = await SentenceTransformer.load(jobs[0]!.url);
        await other.encode(new Array(150).fill(jobs[0]!.texts[0])); // more than one batch: work for workers
        const used: string = other.backend;
        const pool: string = await other.startMultiProcessPool(["cpu"]).then(
          () => "started",
          (error: { code: string }) => error.code,
        );
        await other.dispose();
        return { pool, backend: used, isolated: globalThis.crossOriginIsolated, results: found };
      },
      { entry: `${origin}/dist/index.js`, jobs: cases },
    );
    t.diagnostic(`${backend}; cross-origin isolated: ${isolated}`);
    assert.equal(isolated, page === "isolated" || page === "workerless");
    assert.equal(/this thread only/.test(backend), page === "workerless");
    // The policy of both of them forbids workers from blob: addresses.
    assert.equal(pool, page === "workerless" || page === "strict" ? "workers-unavailable" : "started");
    assert.deepEqual(complaints, []);
    await checkParity(results);
    await context.close();
  });
}

test("Chromium, a service worker that nobody bundled: the numbers of the Python library, and no pool", {
  skip,
  timeout: 180_000,
}, async () => {
  const jobs = runtimeCases().map(({ name, folder, texts }) => ({
    name,
    url: `${origin}/${folder.slice(repository.length)}/`,
    texts,
  }));
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${origin}/plain`);
  const answers = await tab.evaluate(async (all) => {
    const { serviceWorker } = navigator;
    const controlled = new Promise((resolve) => {
      serviceWorker.addEventListener("controllerchange", resolve);
    });
    await serviceWorker.register("/service-worker.js", { type: "module" });
    await controlled;
    const found: Record<string, { vectors: number[][]; pool: object }> = {};
    for (const { name, ...job } of all) {
      const response = await fetch("/embed", { method: "POST", body: JSON.stringify(job) });
      if (!response.ok) throw new Error(await response.text());
      found[name] = (await response.json()) as { vectors: number[][]; pool: object };
    }
    return found;
  }, jobs);
  await checkParity(
    Object.fromEntries(Object.entries(answers).map(([name, { vectors }]) => [name, vectors])),
  );
  for (const { pool } of Object.values(answers)) {
    assert.deepEqual(pool, { name: "PoolError", code: "workers-unavailable", subject: "Worker" });
  }
  await context.close();
});
