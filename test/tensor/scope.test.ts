import assert from "node:assert/strict";
import { test } from "node:test";
import { createJsBackend } from "../../src/tensor/backend/js/js-backend.ts";
import type { Backend, Storage } from "../../src/tensor/backend.ts";
import { allocate, scope } from "../../src/tensor/scope.ts";

/** A backend that knows what has been allocated and not given back. */
function countingBackend(): { backend: Backend; live: Set<Storage> } {
  const live = new Set<Storage>();
  const backend = createJsBackend();
  const { allocate, free } = backend;
  backend.allocate = (length) => {
    const storage = allocate.call(backend, length);
    live.add(storage);
    return storage;
  };
  backend.free = (storage) => {
    assert.ok(live.delete(storage), "nothing is given back twice");
    free.call(backend, storage);
  };
  return { backend, live };
}

test("a scope gives back everything but its result", () => {
  const { backend, live } = countingBackend();
  const result = scope(backend, () => {
    allocate(backend, [4]);
    return allocate(backend, [2, 3]);
  });
  assert.deepEqual([...live], [result.storage]);
  result.dispose();
  assert.equal(live.size, 0);
});

test("the result of an inner scope belongs to the outer one", () => {
  const { backend, live } = countingBackend();
  const results = scope(backend, () => {
    const kept = scope(backend, () => [allocate(backend, [1]), allocate(backend, [2])]);
    scope(backend, () => allocate(backend, [3]));
    return [kept[1]!.reshape([2, 1])];
  });
  assert.deepEqual([...live], [results[0]!.storage], "a reshaped result is the same memory");
});

test("a scope that throws gives everything back, and the surrounding one goes on", () => {
  const { backend, live } = countingBackend();
  const survivor = scope(backend, () => {
    assert.throws(() =>
      scope(backend, () => {
        allocate(backend, [8]);
        throw new Error("in the middle");
      }),
    );
    return allocate(backend, [1]);
  });
  assert.deepEqual([...live], [survivor.storage]);
});

test("an async body is refused: others would allocate in its scope", () => {
  const { backend } = countingBackend();
  assert.throws(() => scope(backend, (async () => allocate(backend, [1])) as never), {
    name: "ArgumentError",
  });
});
