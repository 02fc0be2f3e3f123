/** The program of a kernel thread by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CALL,
  POINT,
  SCRATCH,
  WORKSPACE,
  WRITE,
} from "../../../../src/tensor/backend/wasm/threads/commands.ts";
import {
  kernelWorker,
  type WorkerJob,
  type WorkerReply,
} from "../../../../src/tensor/backend/wasm/threads/kernel-worker.ts";

const PAGE = 65_536;
const EMPTY_MODULE = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** What a thread has that received a memory while another one grew it: the shorter buffer, until it grows it itself. */
class StaleMemory {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  #buffer = this.#memory.buffer;

  constructor() {
    this.#memory.grow(1);
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  grow(pages: number): number {
    const before = this.#memory.grow(pages);
    this.#buffer = this.#memory.buffer;
    return before;
  }
}

test("a thread sees memory that another one grew while it received it", () => {
  const replies: WorkerReply[] = [];
  const handle = kernelWorker(
    { postMessage: (message) => replies.push(message as WorkerReply) },
    { workspace: WORKSPACE, scratch: SCRATCH, call: CALL, point: POINT },
  );
  const memory = new StaleMemory();
  handle({
    module: EMPTY_MODULE,
    memory: memory as unknown as WebAssembly.Memory,
    kernels: [],
  });
  const job: WorkerJob = {
    id: 7,
    memoryBytes: 2 * PAGE,
    extension: null,
    numbers: Float64Array.of(...[WRITE, WORKSPACE, 0, 4], ...[POINT, WORKSPACE + 8, 5]),
    payload: new Uint8Array(Float32Array.of(1.5).buffer),
    workspace: 2 * PAGE - 64,
    scratch: 0,
    share: { index: 0, count: 1 },
    barrier: 0,
  };
  handle(job);
  assert.deepEqual(replies, [{ ready: true }, { id: 7 }]);
  const written = new DataView(memory.buffer, 2 * PAGE - 64);
  assert.equal(written.getFloat32(0, true), 1.5);
  assert.equal(written.getInt32(8, true), 5);
});
