import { declareErrorClass, SentensorError } from "../errors.ts";

/** The workers of a pool did not do what they were asked to: they ended, or were stopped. */
export class PoolError extends SentensorError {
  static {
    declareErrorClass(PoolError, "PoolError", "worker-error");
  }
}
