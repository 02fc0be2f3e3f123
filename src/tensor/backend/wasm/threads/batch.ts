import type { ReadPiece } from "../../../backend.ts";
import { CommandRecorder, type Commands } from "./commands.ts";
import { Workspace } from "./workspace.ts";

/** A block of memory that serves one batch as its workspace. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** Results that somebody waits for: pieces of a storage. */
export interface PendingRead {
  /** Of the storage in the workspace, in bytes. */
  readonly offset: number;
  readonly pieces: readonly ReadPiece[];
  resolve(): void;
  reject(error: Error): void;
}

/** Work that is ready to be done. */
export interface ReadyWork {
  readonly batch: RecordedBatch;
  readonly commands: Commands;
  readonly reads: readonly PendingRead[];
  /** Of its matrix products, which take most of the time. */
  readonly multiplications: number;
}

/**
 * The commands of one batch while it is recorded. Usually all of it is recorded, read, and given back before
 * anything runs. Where something in the middle waits for a result, the commands up to there run first; the batch
 * keeps its region until its last storage has been given back.
 */
export class RecordedBatch {
  readonly recorder = new CommandRecorder();
  readonly workspace = new Workspace();
  /** Bytes of scratch memory that its kernels need. */
  scratchBytes = 0;
  /** Of the matrix products recorded since work was last taken. */
  multiplications = 0;
  /** The module that its calls need besides the first; null: none. */
  extension: WebAssembly.Module | null = null;
  /** Its workspace, once something of it has run. */
  region: Region | null = null;
  /** Work that was handed out and has not ended. */
  running = 0;
  #reads: PendingRead[] = [];

  get hasReads(): boolean {
    return this.#reads.length > 0;
  }

  /** @param offset of the storage in the workspace, in bytes */
  read(offset: number, pieces: readonly ReadPiece[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reads.push({ offset, pieces, resolve, reject });
    });
  }

  takeWork(): ReadyWork {
    const reads = this.#reads;
    this.#reads = [];
    const { multiplications } = this;
    this.multiplications = 0;
    return { batch: this, commands: this.recorder.take(), reads, multiplications };
  }
}
