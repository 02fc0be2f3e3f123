/**
 * Memory of intermediate results. JavaScript cannot count references, so ops note what they allocate in
 * the innermost open scope of their backend, and the end of the scope gives back everything but the result.
 */
import { ArgumentError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { elementCount, type Shape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

const openScopes = new WeakMap<Backend, Tensor[][]>();

/** A tensor in the backend's memory with arbitrary content, which the innermost scope will give back. */
export function allocate(backend: Backend, shape: Shape): Tensor {
  const tensor = Tensor.onBackend(backend, backend.allocate(elementCount(shape)), shape);
  openScopes.get(backend)?.at(-1)?.push(tensor);
  return tensor;
}

/**
 * Runs `body` and gives back all memory that ops allocated in it, except that of the tensors it returns:
 * those belong to the surrounding scope, or to the caller where there is none. `body` must not be async:
 * other work would allocate in its scope.
 */
export function scope<T extends Tensor | readonly Tensor[]>(backend: Backend, body: () => T): T {
  const scopes = openScopes.get(backend) ?? [];
  openScopes.set(backend, scopes);
  const allocated: Tensor[] = [];
  scopes.push(allocated);

  let kept: readonly Tensor[] = [];
  try {
    const result = body();
    if (result instanceof Promise)
      throw new ArgumentError("scope: expected a synchronous body, got one that returns a promise", {
        subject: "body",
      });
    kept = result instanceof Tensor ? [result] : result;
    return result;
  } finally {
    scopes.pop();
    const keptStorages = new Set(
      kept.filter((tensor) => tensor.backend === backend).map((tensor) => tensor.storage),
    );
    for (const tensor of allocated) {
      if (keptStorages.has(tensor.storage)) scopes.at(-1)?.push(tensor);
      else tensor.dispose();
    }
  }
}
