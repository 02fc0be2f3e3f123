/** What the tests of the hub share: a server, an empty cache, and a clock that does not make them wait. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { NetworkTiming } from "../../../src/sources/http/timing.ts";
import { openNodeModel } from "../../../src/sources/hub/open-node.ts";
import type { HubOptions } from "../../../src/sources/hub/options.ts";
import { type Files, HubServer, type ModelSettings } from "../../helpers/hub-server.ts";
import { pathsBelow, temporaryFolder } from "../../helpers/temporary-folder.ts";

export const MODEL = "org/tiny";

/** A model of every kind of file; the weights are larger than what the network passes on in one piece. */
export const files: Files = {
  "modules.json": JSON.stringify([{ path: "" }, { path: "1_Pooling" }, { path: "2_Dense" }]),
  "config.json": '{"model_type":"bert"}',
  "tokenizer.json": '{"model":{}}',
  "vocab.txt": "[PAD]\n",
  "README.md": "# tiny",
  "1_Pooling/config.json": '{"pooling_mode":"mean"}',
  "2_Dense/config.json": '{"in_features":4}',
  "2_Dense/model.safetensors": "dense weights",
  "model.safetensors": Uint8Array.from({ length: 300_000 }, (_, i) => i * 31),
  "pytorch_model.bin": "the same weights once more",
};

export const weights = files["model.safetensors"] as Uint8Array;

/** Waits are written down, not waited for, and then the clock goes on by a turn of the event loop. */
export class RecordedTiming implements NetworkTiming {
  readonly attempts: number;
  readonly answerTimeout: number;
  readonly stallTimeout: number;
  readonly waits: number[] = [];

  constructor({ attempts = 5, answerTimeout = 5_000, stallTimeout = 5_000 } = {}) {
    this.attempts = attempts;
    this.answerTimeout = answerTimeout;
    this.stallTimeout = stallTimeout;
  }

  async wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    this.waits.push(milliseconds);
    await new Promise((resolve) => setTimeout(resolve, 1));
    signal?.throwIfAborted();
  }

  random(): number {
    return 1;
  }
}

export interface Hub {
  readonly server: HubServer;
  readonly timing: RecordedTiming;
  /** HF_HUB_CACHE. */
  readonly cache: string;
  readonly open: (
    options?: HubOptions,
    environment?: Record<string, string>,
  ) => ReturnType<typeof openNodeModel>;
  /** Paths below the cache folder, of files and links. */
  readonly cachedPaths: () => Promise<string[]>;
  /** The folder of MODEL in the cache. */
  readonly folder: string;
  readonly commit: string;
}

export async function startHub(
  t: TestContext,
  { timing = new RecordedTiming(), settings = {} as ModelSettings, publish = true } = {},
): Promise<Hub> {
  const server = await HubServer.start();
  const cache = await temporaryFolder(t);
  t.after(() => server.close());
  const commit = publish ? server.publish(MODEL, files, settings) : "";
  return {
    server,
    timing,
    cache,
    commit,
    folder: join(cache, "models--org--tiny"),
    open: (options = {}, environment = {}) =>
      openNodeModel(
        MODEL,
        { endpoint: server.url, cacheFolder: cache, ...options },
        { environment: { HOME: cache, ...environment }, timing },
      ),
    cachedPaths: async () => await pathsBelow(cache),
  };
}

export async function text(file: string): Promise<string> {
  return await readFile(file, "utf8");
}

export async function exchangeFile(file: string, content: string | Uint8Array): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content);
}

export function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
