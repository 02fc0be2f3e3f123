/**
 * Drives transformers.js: on onnxruntime-node, which is what it takes in Node, or on onnxruntime-web's WebAssembly,
 * which is what it takes in browsers without a GPU.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { serve } from "./serve.mjs";

let extract;
let settings;
let sorted;

/**
 * transformers.js uses an onnxruntime that it finds under this symbol. This is the plain WebAssembly build; in
 * browsers the default is one that can also wait for a GPU (asyncify), with the same kernels, which Node cannot load.
 */
async function useWebRuntime(threads) {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("onnxruntime-web"));
  const runtime = await import("onnxruntime-web");
  const address = (name) => pathToFileURL(join(folder, name)).href;
  runtime.env.wasm.wasmPaths = {
    mjs: address("ort-wasm-simd-threaded.mjs"),
    wasm: address("ort-wasm-simd-threaded.wasm"),
  };
  runtime.env.wasm.numThreads = threads;
  globalThis[Symbol.for("onnxruntime")] = runtime;
}

await serve({
  async load({ folder, runtime, dtype, threads, pooling, externalData, sortTexts }) {
    if (runtime === "web") await useWebRuntime(threads);
    const { env, pipeline } = await import("@huggingface/transformers");
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    env.useWasmCache = false;
    extract = await pipeline("feature-extraction", folder.slice(dirname(folder).length + 1), {
      dtype,
      device: runtime === "web" ? "auto" : "cpu",
      use_external_data_format: externalData,
      session_options:
        runtime === "web"
          ? { executionProviders: ["wasm"] }
          : { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
    settings = { pooling, normalize: true };
    sorted = sortTexts;
    const version = env.backends.onnx.versions[runtime];
    return {
      description: `transformers.js ${env.version}, onnxruntime-${runtime} ${version}; Node ${process.version}`,
    };
  },

  /** In batches in the order given, as its users do; each batch is padded to its longest text. */
  async embed(texts, batchSize) {
    if (texts.length === 1) return (await extract(texts[0], settings)).data;
    const order = texts.map((_, index) => index);
    if (sorted) order.sort((a, b) => texts[b].length - texts[a].length);
    let result;
    for (let start = 0; start < texts.length; start += batchSize) {
      const indices = order.slice(start, start + batchSize);
      const { data, dims } = await extract(
        indices.map((index) => texts[index]),
        settings,
      );
      const length = dims.at(-1);
      result ??= new Float32Array(texts.length * length);
      for (const [row, index] of indices.entries()) {
        result.set(data.subarray(row * length, (row + 1) * length), index * length);
      }
    }
    return result;
  },
});
