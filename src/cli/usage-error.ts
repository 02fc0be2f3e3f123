import { declareErrorClass, SentensorError } from "../errors.ts";

/** The command line was called in a way that it does not understand. Exit code 2. */
export class UsageError extends SentensorError {
  static {
    declareErrorClass(UsageError, "UsageError", "usage-error");
  }
}
