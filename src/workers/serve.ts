/** What a worker of a pool does, whatever kind of worker it is. */
import { runJob } from "../encode/job.ts";
import { type WorkerOutputs, workerOutputs } from "../encode/outputs.ts";
import { Pipeline } from "../encode/pipeline.ts";
import { UnsupportedError } from "../errors.ts";
import { loadModules, type ModuleSettings } from "../modules/load-modules.ts";
import { reopenModel, type ThreadOrigin } from "../sources/reopen-model.ts";
import type { ChunkMessage, FileAnswer, FileCall, FromWorker, ToWorker } from "./messages.ts";
import { packError, unpackError } from "./packed-error.ts";
import { RemoteSource } from "./remote-source.ts";

/** The way to the pool. */
export interface PoolPort {
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  listen(handler: (message: ToWorker) => void): void;
}

/** Loads a model and encodes chunks, one at a time, as the pool says. `outputs`: what it may ask for. */
export function serve(port: PoolPort, outputs: WorkerOutputs = workerOutputs): void {
  const service = new Service(port, outputs);
  port.listen((message) => service.receive(message));
  port.post({ kind: "started" });
}

interface OpenCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

class Service {
  readonly #port: PoolPort;
  readonly #outputs: WorkerOutputs;
  readonly #calls = new Map<number, OpenCall>();
  #called = 0;
  #pipeline: Pipeline | undefined;
  #current: { readonly id: number; readonly controller: AbortController } | undefined;

  constructor(port: PoolPort, outputs: WorkerOutputs) {
    this.#port = port;
    this.#outputs = outputs;
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case "load":
        void this.#load(message.origin, message.settings);
        return;
      case "encode":
        void this.#encode(message);
        return;
      case "cancel":
        if (this.#current?.id === message.id) this.#current.controller.abort();
        return;
      case "file":
        this.#answered(message);
    }
  }

  async #load(origin: ThreadOrigin, settings: ModuleSettings): Promise<void> {
    try {
      const source =
        origin.kind === "source"
          ? new RemoteSource(origin.name, (call) => this.#callFiles(call))
          : await reopenModel(origin);
      this.#pipeline = await loadModules(
        source,
        settings,
        {},
        (modules) => new Pipeline(modules, settings.modelType),
      );
      this.#port.post({ kind: "ready" });
    } catch (error) {
      this.#port.post({ kind: "unready", error: packError(error) });
    }
  }

  async #encode({ id, output, texts, job, maxSeqLength }: ChunkMessage): Promise<void> {
    const controller = new AbortController();
    this.#current = { id, controller };
    try {
      const pipeline = this.#pipeline!;
      if (maxSeqLength !== null) pipeline.input.maxSeqLength = maxSeqLength;
      const kind = this.#outputs.get(output);
      if (kind === undefined) {
        throw new UnsupportedError(`encode: workers do not give ${JSON.stringify(output)}`, {
          subject: output,
        });
      }
      const results = await runJob(pipeline, kind, texts, job, { signal: controller.signal });
      const { result, transfer } = kind.pack(results);
      this.#port.post({ kind: "done", id, result }, transfer);
    } catch (error) {
      this.#port.post({ kind: "failed", id, error: packError(error) });
    }
  }

  #callFiles(call: FileCall): Promise<unknown> {
    const id = this.#called++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#port.post({ kind: "file", id, call });
    });
  }

  #answered({ id, result, error }: FileAnswer): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(unpackError(error));
  }
}
