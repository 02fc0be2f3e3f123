/** What becomes of work when the threads that share it do not all end it: threads that say and do what the test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedBatch } from "../../../../src/tensor/backend/wasm/threads/batch.ts";
import type { WorkerJob, WorkerReply } from "../../../../src/tensor/backend/wasm/threads/kernel-worker.ts";
import type { ThreadEvents } from "../../../../src/tensor/backend/wasm/threads/thread.ts";
import { ThreadPool } from "../../../../src/tensor/backend/wasm/threads/thread-pool.ts";

const TIMEOUT = { timeout: 10_000 };

class FakeThread {
  readonly jobs: WorkerJob[] = [];
  readonly #events: ThreadEvents;
  terminated = false;

  constructor(events: ThreadEvents) {
    this.#events = events;
  }

  post(message: unknown): void {
    if ("numbers" in (message as object)) this.jobs.push(message as WorkerJob);
    else this.reply({ ready: true });
  }

  hold(): void {}

  terminate(): void {
    this.terminated = true;
  }

  reply(reply: WorkerReply): void {
    this.#events.onMessage(reply);
  }

  die(): void {
    this.#events.onEnd("killed");
  }
}

class Pool {
  readonly threads: FakeThread[] = [];
  readonly blocks = new Map<number, number>();
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  #next = 64;
  readonly pool: ThreadPool;

  constructor(count: number) {
    this.pool = new ThreadPool(
      count,
      {
        module: {} as WebAssembly.Module,
        memory: this.#memory,
        kernels: [],
      },
      {
        allocate: (bytes) => {
          const address = this.#next;
          this.#next += 64 * (1 + Math.ceil(bytes / 64));
          this.blocks.set(address, bytes);
          return address;
        },
        free: (address) => assert.ok(this.blocks.delete(address)),
      },
      {
        localWork: 0,
        nextTurn: async () => {},
        spawn: async (events) => {
          const thread = new FakeThread(events);
          this.threads.push(thread);
          return thread;
        },
      },
    );
  }

  /** Two numbers that somebody waits for. */
  async give(): Promise<Float32Array> {
    const batch = new RecordedBatch();
    batch.workspace.allocate(8);
    const into = new Float32Array(2);
    const result = batch.read(0, [{ start: 0, into }]);
    this.pool.enqueue(batch.takeWork());
    this.pool.dispatch();
    await result;
    return into;
  }

  /** The last job of a thread. */
  job(thread: number): WorkerJob {
    return this.threads[thread]!.jobs.at(-1) ?? assert.fail(`thread ${thread} has no job`);
  }

  finish(thread: number): void {
    const { id, workspace, share } = this.job(thread);
    if (share.index === 0) new Float32Array(this.#memory.buffer, workspace, 2).set([thread, id]);
    this.threads[thread]!.reply({ id });
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

test(
  "a thread that has done its part and has other work is not ended with one that dies later",
  TIMEOUT,
  async () => {
    const pool = new Pool(2);
    const shared = pool.give();
    await settled();
    assert.deepEqual(pool.job(0).share, { index: 0, count: 2 });
    assert.deepEqual(pool.job(1).share, { index: 1, count: 2 });
    pool.finish(0);
    const other = pool.give();
    await settled();
    assert.equal(pool.threads[0]!.jobs.length, 2);
    pool.threads[1]!.die();
    await settled();
    assert.ok(!pool.threads[0]!.terminated);
    pool.finish(0);
    assert.equal((await other)[1], 2);
    await settled();
    pool.finish(0); // the shared work again, by itself or with a new thread
    if (pool.threads.length > 2) pool.finish(2);
    await shared;
  },
);

test(
  "a thread that fails in the middle of shared work: the others wait for it in vain, and nobody else does",
  TIMEOUT,
  async () => {
    const pool = new Pool(3);
    const shared = pool.give();
    await settled();
    const { id, barrier } = pool.job(1);
    pool.threads[1]!.reply({ id, error: "RangeError: too far" });
    await assert.rejects(shared, {
      name: "ThreadError",
      code: "thread-error",
      message: "threads: RangeError: too far",
    });
    assert.deepEqual(
      pool.threads.map(({ terminated }) => terminated),
      [true, false, true],
    );
    const next = pool.give();
    await settled();
    assert.equal(pool.threads.length, 5);
    const jobs = [1, 3, 4].map((thread) => pool.job(thread));
    assert.deepEqual(jobs.map(({ share }) => share.index).sort(), [0, 1, 2]);
    assert.equal(new Set(jobs.map((job) => job.barrier)).size, 1);
    assert.notEqual(jobs[0]!.barrier, barrier, "where an ended thread may still arrive");
    for (const thread of [1, 3, 4]) pool.finish(thread);
    await next;
    assert.ok(!pool.blocks.has(barrier));
  },
);

test("work whose thread ends has its region until the others have ended", TIMEOUT, async () => {
  const pool = new Pool(2);
  const shared = pool.give();
  await settled();
  const { workspace } = pool.job(0);
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  pool.threads[1]!.terminate = () => ended as unknown as undefined;
  pool.threads[0]!.reply({ id: pool.job(0).id, error: "trap" });
  let isSettled = false;
  const outcome = shared.catch((error: Error) => error).finally(() => (isSettled = true));
  const other = pool.give();
  await settled();
  assert.notEqual(pool.job(0).workspace, workspace);
  assert.ok(!isSettled);
  pool.finish(0);
  pool.threads[2]?.jobs.length && pool.finish(2);
  await other;
  end();
  assert.match(String(await outcome), /trap/);
});

test("dispose waits for threads that were being ended already", TIMEOUT, async () => {
  const pool = new Pool(2);
  const shared = pool.give();
  await settled();
  let end = () => {};
  pool.threads[1]!.terminate = () =>
    new Promise<void>((resolve) => {
      end = resolve;
    }) as unknown as undefined;
  pool.threads[0]!.reply({ id: pool.job(0).id, error: "trap" });
  let isDisposed = false;
  const disposed = pool.pool.dispose().then(() => (isDisposed = true));
  await assert.rejects(shared);
  await settled();
  assert.ok(!isDisposed);
  end();
  await disposed;
});
