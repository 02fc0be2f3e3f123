import type { ModuleSettings } from "../modules/load-modules.ts";
import { workerProblem } from "../runtime/worker-problem.ts";
import type { ThreadPlace } from "../sources/reopen-model.ts";
import type { ChunkMessage, FileQuestion, FromWorker } from "./messages.ts";
import { packError, unpackError } from "./packed-error.ts";
import { FileService } from "./remote-source.ts";
import type { SpawnWorker, WorkerChannel } from "./worker-channel.ts";

/** The worker ended before it answered. */
export class WorkerEnded extends Error {
  /** Whether its program had begun to run. */
  readonly hasStarted: boolean;

  constructor(hasStarted: boolean, reason: unknown) {
    super(hasStarted && reason instanceof Error ? reason.message : workerProblem(reason), { cause: reason });
    this.hasStarted = hasStarted;
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One worker of a pool: it loads the model, then encodes a chunk at a time. */
export class WorkerClient {
  readonly #channel: WorkerChannel;
  readonly #files: FileService;
  #waiting: Waiting | null = null;
  #ended: WorkerEnded | null = null;
  #hasStarted = false;
  /** Those that wait for it: for an answer, for its end. A channel begins held, here by loading. */
  #holders = 1;
  #filesClosed: Promise<void> = Promise.resolve();
  /** Resolves when the model is loaded. */
  readonly ready: Promise<void>;

  /** @throws WorkerEnded */
  constructor(spawn: SpawnWorker, { source, origin }: ThreadPlace, settings: ModuleSettings) {
    this.#files = new FileService(source);
    try {
      this.#channel = spawn({
        message: (message) => this.#receive(message),
        end: (reason) => this.#end(reason),
      });
    } catch (error) {
      throw new WorkerEnded(false, error);
    }
    this.ready = this.#answer() as Promise<void>;
    this.#channel.post({ kind: "load", origin, settings });
  }

  get isAlive(): boolean {
    return this.#ended === null;
  }

  get isIdle(): boolean {
    return this.isAlive && this.#waiting === null;
  }

  /** @throws WorkerEnded; otherwise what the worker threw. */
  async encode(chunk: ChunkMessage): Promise<unknown> {
    if (this.#ended !== null) throw this.#ended;
    const answer = this.#answer();
    this.#hold();
    this.#channel.post(chunk);
    return await answer;
  }

  cancel(id: number): void {
    if (this.isAlive) this.#channel.post({ kind: "cancel", id });
  }

  /** Resolves when it has ended, and what it had open is closed. */
  async terminate(): Promise<void> {
    if (this.isAlive) {
      this.#hold();
      await this.#channel.terminate();
    }
    await this.#filesClosed;
  }

  /** An answer may still arrive while the end is waited for: each of the two lets go of its own hold only. */
  #hold(): void {
    if (this.#holders++ === 0) this.#channel.hold();
  }

  #release(): void {
    if (--this.#holders === 0) this.#channel.release();
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #receive(message: FromWorker): void {
    if (message.kind === "started") {
      this.#hasStarted = true;
      return;
    }
    if (message.kind === "file") {
      void this.#answerFiles(message);
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#release();
    switch (message.kind) {
      case "ready":
        waiting?.resolve(undefined);
        return;
      case "done":
        waiting?.resolve(message.result);
        return;
      case "unready":
      case "failed":
        waiting?.reject(unpackError(message.error));
    }
  }

  async #answerFiles({ id, call }: FileQuestion): Promise<void> {
    try {
      const result = await this.#files.answer(call);
      if (this.isAlive) this.#channel.post({ kind: "file", id, result });
    } catch (error) {
      if (this.isAlive) this.#channel.post({ kind: "file", id, error: packError(error) });
    }
  }

  #end(reason: Error): void {
    this.#ended = new WorkerEnded(this.#hasStarted, reason);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#ended);
    this.#filesClosed = this.#files.close();
  }
}
