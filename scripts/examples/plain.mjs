/** What the plain package gives in each runtime: examples must give the same, bit by bit. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateIn } from "./pages.mjs";
import { run } from "./shell.mjs";
import { openSite } from "./site.mjs";

const PROGRAM = `import { SentenceTransformer } from "sentensor";
const model = await SentenceTransformer.load("demo-en");
const embeddings = await model.encode(JSON.parse(process.argv[2]));
console.log(JSON.stringify({ backend: model.backend, embeddings: embeddings.map((vector) => Array.from(vector)) }));
await model.dispose();
`;

const COMMANDS = { node: "node", bun: "bun", deno: "deno run --quiet --allow-all" };

export class PlainPackage {
  #folder;
  #model;
  #env;
  #results = new Map();

  /** Installs `tarball` into `folder`. */
  static async install(folder, { tarball, model, env }) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    writeFileSync(join(folder, "plain.mjs"), PROGRAM);
    writeFileSync(join(folder, "index.html"), "<!doctype html><title>sentensor</title>");
    cpSync(model, join(folder, "demo-en"), { recursive: true });
    await run(`npm install --no-audit --no-fund ${tarball}`, { cwd: folder, env, seconds: 120 });
    return new PlainPackage(folder, model, env);
  }

  constructor(folder, model, env) {
    this.#folder = folder;
    this.#model = model;
    this.#env = env;
  }

  /** `backend` and `embeddings` in "node", "bun", "deno", "page" or "isolated page". */
  embed(runtime, texts) {
    const key = JSON.stringify([runtime, texts]);
    let result = this.#results.get(key);
    if (result === undefined) {
      result = runtime.endsWith("page") ? this.#inPage(runtime, texts) : this.#inProgram(runtime, texts);
      this.#results.set(key, result);
    }
    return result;
  }

  async #inProgram(runtime, texts) {
    const command = `${COMMANDS[runtime]} plain.mjs '${JSON.stringify(texts)}'`;
    return JSON.parse((await run(command, { cwd: this.#folder, env: this.#env, seconds: 60 })).stdout);
  }

  async #inPage(runtime, texts) {
    const isolated = runtime === "isolated page";
    const site = await openSite({ folder: this.#folder, model: this.#model, isolated });
    const embed = async (texts) => {
      const { SentenceTransformer } = await import("/node_modules/sentensor/dist/index.js");
      const model = await SentenceTransformer.load(new URL("/demo-en/", location.href).href);
      const embeddings = await model.encode(texts);
      return { backend: model.backend, embeddings: embeddings.map((vector) => Array.from(vector)) };
    };
    try {
      return await evaluateIn(`${site.origin}/`, { isolated }, embed, texts);
    } finally {
      site.close();
    }
  }
}
