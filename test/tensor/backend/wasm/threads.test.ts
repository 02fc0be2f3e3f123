/** Worker threads: the same bits as one thread, and nothing that hangs or keeps the process alive. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Pooling, SentenceTransformer, Transformer } from "../../../../src/index.ts";
import { nextMacrotask } from "../../../../src/runtime/scheduling.ts";
import { openModelPlace } from "../../../../src/sources/model-source.ts";
import { spawnThread } from "../../../../src/tensor/backend/wasm/threads/spawn.ts";
import type {
  SpawnThread,
  Thread,
  ThreadEvents,
} from "../../../../src/tensor/backend/wasm/threads/thread.ts";
import { ThreadedWasmBackend } from "../../../../src/tensor/backend/wasm/threads/threaded-backend.ts";
import { createWasmBackend } from "../../../../src/tensor/backend/wasm/wasm-backend.ts";
import type { Backend } from "../../../../src/tensor/backend.ts";
import { readElements } from "../../../../src/tensor/read.ts";
import { selectBackend } from "../../../../src/tensor/select.ts";
import { builtEntry } from "../../../helpers/built.ts";
import { modelFolder, readExpected } from "../../../helpers/fixtures.ts";
import { watchWorkers } from "../../../helpers/watch-workers.ts";
import { runConformance } from "../conformance.ts";

// Small work is otherwise done by this thread while no other is ready.
runConformance(
  "wasm on two threads",
  async () => new ThreadedWasmBackend(createWasmBackend(), 2, nextMacrotask, 0),
);

const texts = readExpected("demo-en").texts.slice(0, 80);
const demo = modelFolder("demo-en");

function load(threads: number): Promise<SentenceTransformer> {
  return SentenceTransformer.load(demo, { backend: "wasm", threads });
}

test("one thread, two and three give the same bits, for many texts and for one long one", async () => {
  const long = texts.join(" ");
  const single = await load(1);
  single.maxSeqLength = 256;
  const expected = await single.encode(texts);
  const expectedLong = await single.encode(long);
  await single.dispose();
  for (const threads of [2, 3]) {
    const model = await load(threads);
    model.maxSeqLength = 256;
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await model.encode(texts, { batchSize: 7 }), expected);
      assert.deepEqual(await model.encode(long), expectedLong, `${threads} threads on one text`);
    }
    await model.dispose();
  }
});

test("calls at the same time share the threads and do not disturb each other", async () => {
  const model = await load(2);
  const expected = await model.encode(texts);
  const all = await Promise.all([
    model.encode(texts),
    model.encode(texts.slice(10, 20)),
    model.encode(texts, { outputValue: null }),
    model.encode(texts[3]!),
  ]);
  assert.deepEqual(all[0], expected);
  assert.deepEqual(all[1], expected.slice(10, 20));
  assert.deepEqual(
    all[2].map(({ sentenceEmbedding }) => sentenceEmbedding),
    expected,
  );
  assert.deepEqual(all[3], expected[3]);
  await model.dispose();
});

test("modules that read in the middle of a batch go on where they were", async () => {
  const name = "weighted-layer-pooling";
  const { texts: some } = readExpected(name);
  const single = await SentenceTransformer.load(modelFolder(name), { backend: "wasm", threads: 1 });
  const model = await SentenceTransformer.load(modelFolder(name), { backend: "wasm", threads: 2 });
  const expected = await single.encode(some, { batchSize: 2 });
  assert.deepEqual(await model.encode(some, { batchSize: 2 }), expected);
  assert.deepEqual(await Promise.all(some.map((text) => model.encode(text))), expected);
  await single.dispose();
  await model.dispose();
});

test("the caller's event loop turns while threads compute", async () => {
  const model = await load(2);
  await model.encode("warm");
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const started = performance.now();
  await model.encode(texts);
  const elapsed = performance.now() - started;
  clearInterval(timer);
  assert.ok(turns > 3 || elapsed < 20, `${turns} turns in ${elapsed} ms`);
  await model.dispose();
});

test("a worker that dies in the middle costs time, and no result", async (t) => {
  const workers = watchWorkers(t, (message) => "numbers" in message);
  const model = await load(2);
  const expected = await model.encode(texts);
  const expectedTogether = await model.encode(texts.join(" "));
  for (const together of [false, true]) {
    const work = together ? model.encode(texts.join(" ")) : model.encode(texts);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const victims = [...workers.all];
    workers.all.clear();
    await Promise.all(victims.slice(0, 1).map((worker) => worker.terminate()));
    assert.deepEqual(await work, together ? expectedTogether : expected);
    assert.deepEqual(await model.encode(texts), expected);
  }
  await model.dispose();
});

/** Mean pooling on the backend, by workers as `spawn` starts them. */
async function modelOn(backend: Backend): Promise<SentenceTransformer> {
  const { source } = await openModelPlace(demo);
  const prepared = await Transformer.preparePlain({ source });
  const { module, fill, close } = await prepared.declare({ backend, dtype: "float32", filling: {} });
  await fill({});
  await close();
  const embeddingDimension = module.embeddingDimension!;
  return new SentenceTransformer({ modules: [module, new Pooling({ embeddingDimension })] });
}

/** Ways of not starting, for all workers but the first few. */
const failures: Readonly<Record<string, (events: ThreadEvents) => Promise<Thread>>> = {
  "the constructor throws": async () => {
    throw new Error("no workers here");
  },
  "it ends before it has started": async ({ onEnd }) => {
    setTimeout(() => onEnd("no workers here"), 20);
    return { post() {}, hold() {}, terminate() {} };
  },
  "it ends while it starts": async (events) => {
    const thread = await spawnThread(events);
    return {
      ...thread,
      post: () => {
        thread.terminate();
        events.onEnd("no workers here");
      },
    };
  },
  "it takes no message": async (events) => {
    const thread = await spawnThread(events);
    return {
      ...thread,
      post: () => {
        throw new DOMException("no workers here", "DataCloneError");
      },
    };
  },
  "it ends as soon as it has started": async (events) => {
    const thread = await spawnThread({
      onMessage: (message) => {
        events.onMessage(message);
        thread.terminate();
        events.onEnd("no workers here");
      },
      onEnd: () => {},
    });
    return thread;
  },
};

const single = await modelOn(createWasmBackend());
const long = texts.join(" ");
const expectedOfSingle = await single.encode(texts);
const expectedLong = await single.encode(long);
const some = texts.slice(0, 24);
const someLong = some.join(" ");
const expectedOfSome = await single.encode(some);
const expectedSomeLong = await single.encode(someLong);
await single.dispose();

for (const [name, fail] of Object.entries(failures)) {
  for (const working of [0, 1, 2]) {
    test(`a worker that cannot start (${name}) costs no result: ${working} of 3 start`, {
      timeout: 60_000,
    }, async () => {
      const alive = new Set<number>();
      let made = 0;
      const spawn: SpawnThread = async (events) => {
        const number = made++;
        const isWorking =
          name === "it ends as soon as it has started" ? number >= 3 - working : number < working;
        const thread = await (isWorking ? spawnThread : fail)(events);
        if (isWorking) alive.add(number);
        return {
          ...thread,
          terminate: () => {
            alive.delete(number);
            thread.terminate();
          },
        };
      };
      const backend = new ThreadedWasmBackend(createWasmBackend(), 3, nextMacrotask, undefined, spawn);
      const model = await modelOn(backend);
      assert.match(model.backend, /, 3 threads$/);
      const [all, one, again] = await Promise.all([
        model.encode(some, { batchSize: 5 }),
        model.encode(someLong),
        model.encode(some),
      ]);
      assert.deepEqual(all, expectedOfSome);
      assert.deepEqual(one, expectedSomeLong);
      assert.deepEqual(again, expectedOfSome);
      assert.deepEqual(await model.encode(some[0]!), expectedOfSome[0]);
      assert.deepEqual(await model.encode(someLong), expectedSomeLong);
      if (name !== "it ends as soon as it has started") {
        assert.equal(made, 3, "what cannot be started is not tried again");
      }
      const threads = working === 0 ? "this thread only" : `${working} of 3 threads`;
      assert.ok(
        model.backend.endsWith(`, ${threads} (a worker did not start: no workers here)`),
        model.backend,
      );
      await model.dispose();
      await nextMacrotask();
      assert.equal(alive.size, 0);
    });
  }
}

/** Threads that end instead of doing a job, while `isDeadly` says so. */
function deadlySpawn(isDeadly: () => boolean): SpawnThread {
  return async (events) => {
    const thread = await spawnThread(events);
    return {
      ...thread,
      post: (message, transfer) => {
        if (!("numbers" in (message as object)) || !isDeadly()) thread.post(message, transfer);
        else void Promise.resolve(thread.terminate()).then(() => events.onEnd("killed"));
      },
    };
  };
}

for (const worksFirst of [false, true]) {
  test(`work that ends every worker is done here (workers that have worked before: ${worksFirst})`, {
    timeout: 60_000,
  }, async () => {
    let deadly = !worksFirst;
    const spawn = deadlySpawn(() => deadly);
    const model = await modelOn(
      new ThreadedWasmBackend(createWasmBackend(), 2, nextMacrotask, undefined, spawn),
    );
    if (worksFirst) assert.deepEqual(await model.encode(texts), expectedOfSingle);
    deadly = true;
    assert.deepEqual(await model.encode(long), expectedLong);
    assert.deepEqual(await model.encode(texts), expectedOfSingle);
    assert.match(model.backend, /, this thread only \(a worker did not start: killed\)$/);
    await model.dispose();
  });
}

test("work that goes on from earlier results is lost with its worker: an error, and the next works", {
  timeout: 60_000,
}, async () => {
  let deadly = false;
  const backend = new ThreadedWasmBackend(
    createWasmBackend(),
    2,
    nextMacrotask,
    0,
    deadlySpawn(() => deadly),
  );
  const values = Float32Array.of(1, 2, 3);
  const storage = backend.allocate(3);
  backend.write(storage, values, 0);
  assert.deepEqual(await readElements(backend, storage, 0, 3), values);
  deadly = true;
  await assert.rejects(readElements(backend, storage, 0, 3), {
    name: "ThreadError",
    code: "thread-error",
    message: "threads: a worker ended while it was computing: killed",
  });
  backend.free(storage);
  deadly = false;
  const other = backend.allocate(3);
  backend.write(other, values, 0);
  assert.deepEqual(await readElements(backend, other, 1, 3), values.subarray(1));
  backend.dispose();
});

test("a program that embeds one short text starts no worker; what comes next has the same bits", async (t) => {
  const workers = watchWorkers(t, (message) => "kernels" in message);
  const model = await load(2);
  const first = await model.encode("a short text");
  assert.equal(workers.all.size, 0);
  assert.deepEqual(await model.encode("a short text"), first, "while workers start");
  await model.encode(texts);
  assert.equal(workers.all.size, 2);
  assert.deepEqual(await model.encode("a short text"), first, "by two workers");
  await model.dispose();
});

test("a disposed model rejects what it has not done, and its threads have ended", async (t) => {
  const workers = watchWorkers(t, (message) => "kernels" in message);
  const disposed = { name: "ArgumentError", code: "disposed", subject: "model" };
  const idle = await load(2);
  await idle.encode(texts);
  assert.equal(workers.alive(), 2);
  await idle.dispose();
  assert.equal(workers.alive(), 0);
  const model = await load(2);
  const work = assert.rejects(model.encode([...texts, ...texts, ...texts], { batchSize: 1 }), disposed);
  await model.dispose();
  assert.equal(workers.alive(), 0);
  await work;
  await assert.rejects(model.encode("a"), disposed);
});

test("an unawaited model does not keep the process alive; a pending call does", async () => {
  const run = (code: string) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], {
      timeout: 30_000,
    });
  const start = `import { SentenceTransformer } from ${JSON.stringify(builtEntry)};
const model = await SentenceTransformer.load(${JSON.stringify(demo)}, { backend: "wasm", threads: 2 });`;
  const { stdout } = await run(`${start}
await model.encode("a"); model.encode(["b", "c"]).then((vectors) => console.log(vectors.length));`);
  assert.equal(stdout.trim(), "2", "the pending call was waited for, and then the process ended by itself");
  // Nothing but starting workers is there to wait for.
  const first = await run(`${start}
console.log((await model.encode(${JSON.stringify(texts)})).length);
console.log((await model.encode(${JSON.stringify(long)})).length > 9);`);
  assert.equal(first.stdout, `${texts.length}\ntrue\n`);
});

test("memory that may not be shared, by whatever error, leaves one thread", async () => {
  const { Memory } = WebAssembly;
  for (const Kind of [TypeError, RangeError, Error]) {
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared) throw new Kind("not here");
        super(descriptor);
      }
    };
    try {
      const backend = await selectBackend();
      assert.match(backend.description, /^wasm: .*tile \dx\d+$/);
      await backend.dispose();
      for (const named of [{ backend: "wasm" as const }, {}]) {
        await assert.rejects(selectBackend({ ...named, threads: 2 }), {
          code: "threads-unavailable",
          subject: "threads",
        });
      }
    } finally {
      WebAssembly.Memory = Memory;
    }
  }
});

test("what cannot be had is refused by name", async () => {
  await assert.rejects(selectBackend({ threads: 0 }), /threads: expected a whole number from 1 on, got 0/);
  await assert.rejects(selectBackend({ threads: 1.5 }), { name: "ArgumentError" });
  await assert.rejects(selectBackend({ backend: "js", threads: 2 }), { name: "UnsupportedError" });
  await assert.rejects(selectBackend({ backend: "fast" as never }), /expected "wasm" or "js"/);
});
