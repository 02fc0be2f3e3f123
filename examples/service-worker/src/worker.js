import { SentenceTransformer } from "sentensor";

let loading;

/** Service workers are stopped when they idle, and started again: the model is loaded by the first request of each. */
function loadModel() {
  loading ??= SentenceTransformer.load(new URL("demo-en/", registration.scope).href);
  return loading;
}

async function embed(request) {
  const texts = await request.json();
  const model = await loadModel();
  const embeddings = await model.encode(texts);
  return Response.json({
    backend: model.backend,
    texts,
    embeddings: embeddings.map((vector) => Array.from(vector)),
  });
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "POST" && url === new URL("embed", registration.scope).href) {
    event.respondWith(embed(event.request));
  }
});
