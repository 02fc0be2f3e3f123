/** What pages of examples are served by: files of a folder, or another server's answers; and the model. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { request as ask, createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves `folder`, or what the server on `port` answers, and the model under every address …/demo-en/.
 * @returns `origin` and `close`
 */
export async function openSite({ folder, port, model, isolated }) {
  const headers = isolated ? ISOLATION : {};
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const [, inModel] = /\/demo-en\/(.+)$/.exec(path) ?? [];
    if (inModel !== undefined) sendFile(response, join(model, inModel), headers);
    else if (port !== undefined) passOn(request, response, port, headers);
    else sendFile(response, join(folder, path.endsWith("/") ? `${path}index.html` : path), headers);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function sendFile(response, path, headers) {
  if (!existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
  response.end(readFileSync(path));
}

function passOn(request, response, port, headers) {
  const { method, url } = request;
  const passed = ask({ host: "127.0.0.1", port, method, path: url, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, { ...answer.headers, ...headers });
    answer.pipe(response);
  });
  passed.once("error", () => response.destroy());
  request.pipe(passed);
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
