import type { Backend } from "../tensor/backend.ts";
import { createSynchronousBackend } from "../tensor/select.ts";

let shared: Backend | undefined;

/**
 * The backend of this thread for products that come without one: made when it is first needed and kept, because
 * making one takes longer than many a product. What it computes on is given back after each.
 */
export function sharedBackend(): Backend {
  shared ??= createSynchronousBackend();
  return shared;
}
