/**
 * Long work that can run at once or let others in between, on backends that are read at once or later:
 * a generator that yields where it may pause, and where it needs memory of a backend read.
 */
import { Pauses } from "../runtime/scheduling.ts";
import type { Backend, Storage } from "../tensor/backend.ts";
import { readElements, readElementsSync } from "../tensor/read.ts";

export interface Read {
  readonly backend: Backend;
  readonly storage: Storage;
  /** The elements from the first on. */
  readonly length: number;
}

/** Yields a read, and is given its elements; or null, for a pause. */
export type Steps<T> = Generator<Read | null, T, Float32Array>;

const nothing = new Float32Array(0);

/** @throws ArgumentError where the backend cannot be read at once. */
export function runAtOnce<T>(steps: Steps<T>): T {
  try {
    let step = steps.next(nothing);
    while (!step.done) step = steps.next(step.value === null ? nothing : readAtOnce(step.value));
    return step.value;
  } finally {
    close(steps);
  }
}

/** Pauses often enough for timers and events. @throws the signal's reason once it is aborted. */
export async function runInTurns<T>(steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
  const pauses = new Pauses(signal);
  try {
    let step = steps.next(nothing);
    while (!step.done) {
      const read = step.value;
      await pauses.pause();
      step = steps.next(
        read === null ? nothing : await readElements(read.backend, read.storage, 0, read.length),
      );
    }
    return step.value;
  } finally {
    close(steps);
  }
}

function readAtOnce({ backend, storage, length }: Read): Float32Array {
  return readElementsSync(backend, storage, 0, length, "use the asynchronous form");
}

/** Lets the generator give back what it holds. Does nothing where it has ended. */
function close(steps: Steps<unknown>): void {
  steps.return(undefined);
}
