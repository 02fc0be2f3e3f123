import { declareErrorClass, SentensorError } from "../../../../errors.ts";
import { workerProblem } from "../../../../runtime/worker-problem.ts";
import type { PendingRead, ReadyWork, Region } from "./batch.ts";
import type { WorkerJob, WorkerReply, WorkerStart } from "./kernel-worker.ts";
import { localThread, spawnThread } from "./spawn.ts";
import type { SpawnThread, Thread } from "./thread.ts";

/** Where regions come from: the heap of the memory that all threads share. */
export interface RegionSource {
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Workers ended while they were computing. The next call starts others. */
export class ThreadError extends SentensorError {
  static {
    declareErrorClass(ThreadError, "ThreadError", "thread-error");
  }
}

export interface ThreadPoolSettings {
  /** Multiplications up to which work is small. */
  readonly localWork: number;
  /** Resolves in a new turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
  /** By default as the runtime does. */
  readonly spawn?: SpawnThread | undefined;
}

interface Slot {
  readonly thread: Promise<Thread>;
  /** Whether it has said that it has started. It gets no work before. */
  ready: boolean;
  /** Whether it has ever done anything. */
  proven: boolean;
  scratch: Region | null;
  /** What it is working on. */
  task: Task | null;
  /** Whether it has been told to keep the process alive. */
  isHeld: boolean;
}

/** Work under way, in one thread or in all of them together. */
interface Task {
  readonly id: number;
  readonly work: ReadyWork;
  readonly slots: readonly Slot[];
  /** Threads that have not answered. */
  left: number;
  error: string | null;
  /** Whether all that its kernels read is in its commands: it can be done again. */
  readonly isRepeatable: boolean;
}

/**
 * Threads that take batches as they become free. When a single batch is all there is to do, all threads do it
 * together, each its part of every kernel. The first small one is done by the caller's own thread: a program that
 * embeds one text starts no worker; and so are others until workers are ready, and all of them where no worker can be
 * started.
 */
export class ThreadPool {
  readonly #start: WorkerStart;
  readonly #memory: RegionSource;
  readonly #settings: ThreadPoolSettings;
  /** null: to be started when there is work. */
  readonly #slots: (Slot | null)[];
  #local: Slot | null = null;
  readonly #queue: ReadyWork[] = [];
  readonly #tasks = new Map<number, Task>();
  readonly #freeRegions: Region[] = [];
  /** Work whose workers ended although they had worked before. The second time is an error. */
  readonly #repeated = new WeakSet<ReadyWork>();
  /** Where threads that share work wait for each other; null until some do. */
  #barrier: number | null = null;
  /** Threads that are being ended. */
  readonly #ending = new Set<Promise<unknown>>();
  #lastId = 0;
  #disposed = false;
  #problem: string | null = null;

  constructor(count: number, start: WorkerStart, memory: RegionSource, settings: ThreadPoolSettings) {
    this.#settings = settings;
    this.#slots = new Array<Slot | null>(count).fill(null);
    this.#start = start;
    this.#memory = memory;
  }

  /** Its workers, but for those that could not be started. */
  get size(): number {
    return this.#slots.length;
  }

  /** Why the last worker that could not be started did not start. */
  get problem(): string | null {
    return this.#problem;
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
    if (this.#queue.length > 0) this.#assign();
    for (const slot of this.#slots) if (slot !== null) this.#updateHold(slot);
  }

  #assign(): void {
    if (this.#isForThisThread()) {
      if (this.#local !== null) this.#startSlots();
      this.#runHere();
      return;
    }
    const slots = this.#startSlots();
    if (slots.length === 0) {
      this.#runHere();
      return;
    }
    const idle = slots.filter(({ ready, task }) => ready && task === null);
    if (this.#queue.length === 1 && slots.length > 1 && slots.every(({ task }) => task === null)) {
      // All of them together, once those that can have started.
      if (idle.length === slots.length) this.#run(this.#queue.shift()!, slots);
      return;
    }
    while (this.#queue.length > 0 && idle.length > 0) this.#run(this.#queue.shift()!, [idle.shift()!]);
  }

  #runHere(): void {
    try {
      this.#local ??= this.#startLocal();
    } catch (cause) {
      for (const work of this.#queue.splice(0)) {
        work.batch.running--;
        rejectAll(work, new ThreadError(`threads: ${(cause as Error).message}`, { cause }));
      }
      return;
    }
    if (this.#local.task === null) this.#run(this.#queue.shift()!, [this.#local]);
  }

  /** The process waits for a worker that computes, and for one that starts while there is work for it. */
  #updateHold(slot: Slot): void {
    const holds = slot.task !== null || (!slot.ready && this.#queue.length > 0);
    if (holds === slot.isHeld) return;
    slot.isHeld = holds;
    slot.thread.then((thread) => thread.hold(holds)).catch(() => {}); // it could not be started
  }

  /** Keeps the region of a batch that has ended for the next one. */
  release(region: Region): void {
    if (!this.#disposed) this.#freeRegions.push(region);
  }

  /** Ends all threads. Work that has not ended is rejected. Resolves when the threads are gone. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const error = new ThreadError("threads: the backend has been disposed of", { code: "disposed" });
    for (const work of this.#queue.splice(0)) rejectAll(work, error);
    for (const { work } of this.#tasks.values()) rejectAll(work, error);
    this.#tasks.clear();
    for (const slot of this.#slots) if (slot !== null) this.#discard(slot);
    await Promise.all(this.#ending);
  }

  #run(work: ReadyWork, slots: readonly Slot[]): void {
    const { batch, commands } = work;
    const task: Task = {
      id: ++this.#lastId,
      work,
      slots,
      left: slots.length,
      error: null,
      isRepeatable: batch.region === null,
    };
    this.#tasks.set(task.id, task);
    try {
      batch.region = this.#regionFor(batch.region, batch.workspace.bytes);
      for (const [index, slot] of slots.entries()) {
        slot.task = task;
        slot.scratch = this.#grown(slot.scratch, batch.scratchBytes);
        const job: WorkerJob = {
          id: task.id,
          memoryBytes: this.#start.memory.buffer.byteLength,
          extension: batch.extension,
          ...commands,
          workspace: batch.region.address,
          scratch: slot.scratch.address,
          share: { index, count: slots.length },
          barrier: slots.length > 1 ? this.#barrierAddress() : 0,
        };
        slot.thread
          .then((thread) => {
            if (slot.task === task) thread.post(job);
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
    if (others.length > 0 || work!.multiplications >= this.#settings.localWork) return false;
    return !this.#slots.some((slot) => slot?.ready);
  }

  #startLocal(): Slot {
    const thread = localThread((reply) => this.#answer(slot, reply as WorkerReply));
    const slot: Slot = {
      thread: Promise.resolve(thread),
      ready: true,
      proven: true,
      scratch: null,
      task: null,
      isHeld: false,
    };
    thread.post(this.#start);
    return slot;
  }

  #startSlots(): readonly Slot[] {
    return this.#slots.map((slot, index) => slot ?? this.#startSlot(index));
  }

  #startSlot(index: number): Slot {
    const { spawn = spawnThread } = this.#settings;
    const thread = spawn({
      onMessage: (message) => this.#answer(slot, message as WorkerReply),
      onEnd: (reason) => this.#ended(slot, reason),
    }).then((started) => {
      try {
        started.post(this.#start);
      } catch (error) {
        started.terminate();
        throw error;
      }
      return started;
    });
    const slot: Slot = { thread, ready: false, proven: false, scratch: null, task: null, isHeld: false };
    thread.catch((error: unknown) => this.#ended(slot, workerProblem(error)));
    this.#slots[index] = slot;
    return slot;
  }

  #answer(slot: Slot, reply: WorkerReply): void {
    if ("ready" in reply) {
      if (slot.ready) return;
      slot.ready = true;
      this.dispatch();
      return;
    }
    const task = this.#tasks.get(reply.id);
    if (task === undefined || slot.task !== task) return;
    slot.task = null;
    slot.proven = true;
    if ("error" in reply) task.error ??= reply.error;
    task.left--;
    if (task.error !== null) this.#fail(task, new ThreadError(`threads: ${task.error}`));
    else if (task.left === 0) this.#finish(task, null);
    else return;
    if (slot === this.#local) void this.#settings.nextTurn().then(() => this.dispatch());
    else this.dispatch();
  }

  /** A thread is gone. */
  #ended(slot: Slot, reason: string): void {
    if (this.#disposed || !(this.#slots.includes(slot) || slot === this.#local)) return;
    const { task, proven } = slot;
    this.#discard(slot);
    if (!proven) {
      // Not to be tried for ever: the others, or this thread, can do all of the work.
      this.#slots.splice(this.#slots.indexOf(null), 1);
      this.#problem = reason;
    }
    if (task !== null && this.#tasks.has(task.id)) {
      const { work } = task;
      if (task.isRepeatable && !(proven && this.#repeated.has(work))) {
        if (proven) this.#repeated.add(work);
        this.#repeat(task);
      } else {
        this.#fail(task, new ThreadError(`threads: a worker ended while it was computing: ${reason}`));
      }
    }
    this.dispatch();
  }

  #repeat(task: Task): void {
    this.#tasks.delete(task.id);
    const { batch } = task.work;
    const region = batch.region!;
    batch.region = null;
    void this.#abandon(task).then(() => this.release(region));
    this.#queue.unshift(task.work);
  }

  #fail(task: Task, error: Error): void {
    void this.#abandon(task).then(() => this.#finish(task, error));
  }

  /**
   * Ends the threads that are still at work that they share with one that no longer takes part: they would wait for it
   * for ever. Resolves when nobody writes into the work's region any more.
   */
  async #abandon(task: Task): Promise<void> {
    const waiting = task.slots.filter((slot) => slot.task === task);
    for (const slot of waiting) this.#discard(slot);
    if (task.slots.length > 1) this.#leaveBarrier();
    await Promise.all(this.#ending);
  }

  #barrierAddress(): number {
    if (this.#barrier === null) {
      this.#barrier = this.#memory.allocate(8);
      new Int32Array(this.#start.memory.buffer, this.#barrier, 2).fill(0);
    }
    return this.#barrier;
  }

  /** A thread that is being ended may still arrive there. */
  #leaveBarrier(): void {
    const barrier = this.#barrier;
    this.#barrier = null;
    if (barrier !== null) void Promise.all(this.#ending).then(() => this.#memory.free(barrier));
  }

  /** Ends a thread. `#ending` has it until it is gone. */
  #discard(slot: Slot): void {
    const index = this.#slots.indexOf(slot);
    if (index !== -1) this.#slots[index] = null;
    slot.task = null;
    const { scratch } = slot;
    slot.scratch = null;
    const end = slot.thread
      .then((thread) => thread.terminate())
      .catch(() => {}) // it has never been there
      .then(() => {
        if (scratch !== null) this.#memory.free(scratch.address);
        this.#ending.delete(end);
      });
    this.#ending.add(end);
  }

  #finish(task: Task, error: Error | null): void {
    this.#tasks.delete(task.id);
    for (const slot of task.slots) if (slot.task === task) slot.task = null;
    const { batch, reads } = task.work;
    batch.running--;
    if (error !== null) rejectAll(task.work, error);
    else this.#copyResults(batch.region!, reads);
    if (batch.workspace.isEmpty && batch.running === 0 && batch.region !== null) {
      this.release(batch.region);
      batch.region = null;
    }
  }

  /** Straight from the memory of the threads, which have ended this work, to where the callers want it. */
  #copyResults({ address }: Region, reads: readonly PendingRead[]): void {
    const memory = new Float32Array(this.#start.memory.buffer);
    for (const { offset, pieces, resolve } of reads) {
      const first = (address + offset) / 4;
      for (const { start, into } of pieces) {
        into.set(memory.subarray(first + start, first + start + into.length));
      }
      resolve();
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
