/** A model's files that only another thread can see: asked for by messages. */
import type { FileSource, RangeReader } from "../files/file-source.ts";
import { PoolError } from "./errors.ts";
import type { FileCall, OpenedFile } from "./messages.ts";

export type CallFiles = (call: FileCall) => Promise<unknown>;

/** The worker's side. */
export class RemoteSource implements FileSource {
  readonly name: string;
  readonly #call: CallFiles;

  constructor(name: string, call: CallFiles) {
    this.name = name;
    this.#call = call;
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#call({ method: "exists", path })) as boolean;
  }

  async open(path: string): Promise<RangeReader> {
    const { file, name, size } = (await this.#call({ method: "open", path })) as OpenedFile;
    return {
      name,
      size,
      readInto: async (target, position) => {
        const { length } = target;
        target.set((await this.#call({ method: "readInto", file, position, length })) as Uint8Array);
      },
      close: async () => {
        await this.#call({ method: "close", file });
      },
    };
  }

  async read(path: string): Promise<Uint8Array> {
    return (await this.#call({ method: "read", path })) as Uint8Array;
  }
}

/** The side that has the source; one for each worker. */
export class FileService {
  readonly #source: FileSource;
  readonly #files = new Map<number, RangeReader>();
  #opened = 0;
  #closed = false;

  constructor(source: FileSource) {
    this.#source = source;
  }

  async answer(call: FileCall): Promise<unknown> {
    switch (call.method) {
      case "exists":
        return await this.#source.exists(call.path);
      case "read":
        return await this.#source.read(call.path);
      case "open":
        return await this.#open(call.path);
      case "readInto": {
        const bytes = new Uint8Array(call.length);
        await this.#files.get(call.file)!.readInto(bytes, call.position);
        return bytes;
      }
      case "close": {
        const file = this.#files.get(call.file);
        this.#files.delete(call.file);
        return await file?.close();
      }
    }
  }

  /** Closes what a worker left open when it ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.allSettled(files.map((file) => file.close()));
  }

  async #open(path: string): Promise<OpenedFile> {
    const reader = await this.#source.open(path);
    if (this.#closed) {
      await reader.close();
      throw new PoolError("the worker ended while a file was being opened for it");
    }
    const file = this.#opened++;
    this.#files.set(file, reader);
    return { file, name: reader.name, size: reader.size };
  }
}
