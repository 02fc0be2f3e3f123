import { declareErrorClass, SentensorError } from "../../../../errors.ts";
import type { ReadyWork, Region } from "./batch.ts";
import type { WorkerJob, WorkerReply, WorkerStart } from "./kernel-worker.ts";
import { localThread, spawnThread, type Thread } from "./spawn.ts";

/** Where regions come from: the heap of the memory that all threads share. */
export interface RegionSource {
  allocate(bytes: number): number;
  free(address: number): void;
}

/** A worker died, or could not be started. The next call starts another. */
export class ThreadError extends SentensorError {
  static {
    declareErrorClass(ThreadError, "ThreadError", "thread-error");
  }
}

interface Slot {
  readonly thread: Promise<Thread>;
  /** Whether it has said that it has started. */
  ready: boolean;
  scratch: Region | null;
  /** What it is working on. */
  task: Task | null;
}

/** Work under way, in one thread or in all of them together. */
interface Task {
  readonly id: number;
  readonly work: ReadyWork;
  readonly slots: readonly Slot[];
  results: readonly Float32Array[];
  /** Threads that have not answered. */
  left: number;
  error: string | null;
}

/**
 * Threads that take batches as they become free. When a single batch is all there is to do, all threads do it
 * together, each its part of every kernel. The first small one is done by the caller's own thread: a program that
 * embeds one text starts no worker; and so are others until workers are ready.
 */
export class ThreadPool {
  readonly #start: WorkerStart;
  readonly #memory: RegionSource;
  readonly #localWork: number;
  readonly #slots: (Slot | null)[];
  #local: Slot | null = null;
  readonly #queue: ReadyWork[] = [];
  readonly #tasks = new Map<number, Task>();
  readonly #freeRegions: Region[] = [];
  #lastId = 0;
  #disposed = false;

  /** @param localWork multiplications up to which work is small */
  constructor(count: number, start: WorkerStart, memory: RegionSource, localWork: number) {
    this.#localWork = localWork;
    this.#slots = new Array<Slot | null>(count).fill(null);
    this.#start = start;
    this.#memory = memory;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Puts work into the queue; `dispatch` starts it. */
  enqueue(work: ReadyWork): void {
    if (this.#disposed) {
      rejectAll(work, new ThreadError("threads: the backend has been disposed of", { code: "disposed" }));
      return;
    }
    work.batch.running++;
    this.#queue.push(work);
  }

  /** Gives work to free threads. */
  dispatch(): void {
    if (this.#queue.length === 0) return;
    if (this.#isForThisThread()) {
      if (this.#local === null) this.#local = this.#startLocal();
      else this.#startSlots();
      this.#run(this.#queue.shift()!, [this.#local]);
      return;
    }
    const slots = this.#startSlots();
    const idle = slots.filter((slot) => slot.task === null);
    if (this.#queue.length === 1 && idle.length === slots.length && slots.length > 1) {
      this.#run(this.#queue.shift()!, slots);
      return;
    }
    while (this.#queue.length > 0 && idle.length > 0) this.#run(this.#queue.shift()!, [idle.shift()!]);
  }

  /** Keeps the region of a batch that has ended for the next one. */
  release(region: Region): void {
    if (!this.#disposed) this.#freeRegions.push(region);
  }

  /** Ends all threads. Work that has not ended is rejected. */
  dispose(): void {
    this.#disposed = true;
    const error = new ThreadError("threads: the backend has been disposed of", { code: "disposed" });
    for (const work of this.#queue.splice(0)) rejectAll(work, error);
    for (const { work } of this.#tasks.values()) rejectAll(work, error);
    this.#tasks.clear();
    for (const [index, slot] of this.#slots.entries()) {
      this.#slots[index] = null;
      void slot?.thread.then((thread) => thread.terminate()).catch(() => {});
    }
  }

  #run(work: ReadyWork, slots: readonly Slot[]): void {
    const task: Task = {
      id: ++this.#lastId,
      work,
      slots,
      results: [],
      left: slots.length,
      error: null,
    };
    this.#tasks.set(task.id, task);
    const { batch, commands, reads } = work;
    try {
      batch.region = this.#regionFor(batch.region, batch.workspace.bytes);
      for (const [index, slot] of slots.entries()) {
        slot.task = task;
        slot.scratch = this.#grown(slot.scratch, batch.scratchBytes);
        const job: WorkerJob = {
          id: task.id,
          ...commands,
          workspace: batch.region.address,
          scratch: slot.scratch.address,
          share: { index, count: slots.length },
          reads: reads.map(({ address, length }) => ({ address, length })),
        };
        slot.thread
          .then((thread) => {
            if (slot.task !== task) return;
            thread.hold(true);
            thread.post(job);
          })
          .catch((error: Error) => this.#ended(slot, error.message));
      }
    } catch (error) {
      // No memory: nothing has been sent, since addresses come first.
      this.#finish(task, error as Error);
    }
  }

  #isForThisThread(): boolean {
    const [work, ...others] = this.#queue;
    if (others.length > 0 || work!.multiplications >= this.#localWork) return false;
    return !this.#slots.some((slot) => slot?.ready);
  }

  #startLocal(): Slot {
    const thread = localThread((reply) => this.#answer(slot, reply as WorkerReply));
    const slot: Slot = { thread: Promise.resolve(thread), ready: true, scratch: null, task: null };
    thread.post(this.#start);
    return slot;
  }

  #startSlots(): readonly Slot[] {
    return this.#slots.map((slot, index) => slot ?? this.#startSlot(index));
  }

  #startSlot(index: number): Slot {
    const thread = spawnThread({
      onMessage: (message) => this.#answer(slot, message as WorkerReply),
      onEnd: (reason) => this.#ended(slot, reason),
    }).then((started) => {
      started.post(this.#start);
      return started;
    });
    const slot: Slot = { thread, ready: false, scratch: null, task: null };
    thread.catch((error: Error) => this.#ended(slot, error.message));
    this.#slots[index] = slot;
    return slot;
  }

  #answer(slot: Slot, reply: WorkerReply): void {
    if ("ready" in reply) {
      slot.ready = true;
      return;
    }
    const task = this.#tasks.get(reply.id);
    if (task === undefined || slot.task !== task) return;
    slot.task = null;
    void slot.thread.then((thread) => {
      if (slot.task === null) thread.hold(false);
    });
    if ("error" in reply) task.error ??= reply.error;
    else if (slot === task.slots[0]) task.results = reply.results;
    task.left--;
    if (task.left > 0) return;
    this.#finish(task, task.error === null ? null : new ThreadError(`threads: ${task.error}`));
    this.dispatch();
  }

  /** A thread is gone. Those that worked with it wait for it in vain, and are ended too. */
  #ended(slot: Slot, reason: string): void {
    if (this.#disposed) return;
    const { task } = slot;
    const gone = task === null ? [slot] : task.slots;
    for (const each of gone) this.#discard(each);
    if (gone.length > 1) new Int32Array(this.#start.memory.buffer, this.#start.barrier, 2).fill(0);
    if (task !== null && this.#tasks.has(task.id)) {
      this.#finish(task, new ThreadError(`threads: a worker ended while it was computing: ${reason}`));
    }
    // A pool whose threads cannot be started must not try for ever: the queue fails with the same reason.
    if (task === null) {
      for (const work of this.#queue.splice(0)) {
        work.batch.running--;
        rejectAll(work, new ThreadError(`threads: a worker ended: ${reason}`));
      }
    } else this.dispatch();
  }

  #discard(slot: Slot): void {
    const index = this.#slots.indexOf(slot);
    if (index !== -1) this.#slots[index] = null;
    if (slot.scratch !== null) this.#memory.free(slot.scratch.address);
    slot.scratch = null;
    void slot.thread.then((thread) => thread.terminate()).catch(() => {});
  }

  #finish(task: Task, error: Error | null): void {
    this.#tasks.delete(task.id);
    for (const slot of task.slots) if (slot.task === task) slot.task = null;
    const { batch, reads } = task.work;
    batch.running--;
    for (const [i, read] of reads.entries()) {
      if (error === null) read.resolve(task.results[i]!);
      else read.reject(error);
    }
    if (batch.workspace.isEmpty && batch.running === 0 && batch.region !== null) {
      this.release(batch.region);
      batch.region = null;
    }
  }

  /** The batch's own region where it is large enough (its data is in it), else a free one, else a new one. */
  #regionFor(own: Region | null, bytes: number): Region {
    if (own !== null && own.bytes >= bytes) return own;
    if (own !== null) return this.#moved(own, bytes);
    const index = this.#freeRegions.findIndex((region) => region.bytes >= bytes);
    if (index !== -1) return this.#freeRegions.splice(index, 1)[0]!;
    const small = this.#freeRegions.pop();
    if (small !== undefined) this.#memory.free(small.address);
    return { address: this.#memory.allocate(bytes), bytes };
  }

  /** A batch that waited in the middle goes on in a larger region, with what it has so far. */
  #moved(own: Region, bytes: number): Region {
    const region = { address: this.#memory.allocate(bytes), bytes };
    const { buffer } = this.#start.memory;
    new Uint8Array(buffer, region.address, own.bytes).set(new Uint8Array(buffer, own.address, own.bytes));
    this.#memory.free(own.address);
    return region;
  }

  #grown(region: Region | null, bytes: number): Region {
    if (region !== null && region.bytes >= bytes) return region;
    if (region !== null) this.#memory.free(region.address);
    return { address: this.#memory.allocate(bytes), bytes };
  }
}

function rejectAll({ reads }: ReadyWork, error: Error): void {
  for (const read of reads) read.reject(error);
}
