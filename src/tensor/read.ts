/** Copies out of the memory of backends. */
import { ArgumentError } from "../errors.ts";
import type { Backend, Storage } from "./backend.ts";

/** A copy of elements `start … end − 1`. */
export async function readElements(
  backend: Backend,
  storage: Storage,
  start: number,
  end: number,
): Promise<Float32Array> {
  const into = new Float32Array(end - start);
  await backend.read(storage, [{ start, into }]);
  return into;
}

/**
 * The same at once.
 *
 * @param advice what to do where the backend's memory cannot be seen, for the message
 * @throws ArgumentError ("tensor-on-backend") there
 */
export function readElementsSync(
  backend: Backend,
  storage: Storage,
  start: number,
  end: number,
  advice: string,
): Float32Array {
  if (backend.readSync === null) {
    throw new ArgumentError(`${backend.name}: its memory can only be read asynchronously; ${advice}`, {
      code: "tensor-on-backend",
    });
  }
  const into = new Float32Array(end - start);
  backend.readSync(storage, [{ start, into }]);
  return into;
}
