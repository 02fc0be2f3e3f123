/** Errors on their way from one thread to another, with their class, which structured cloning would lose. */
import { errorKind, errorPrototype } from "../errors.ts";

export interface PackedError {
  /** The class of this package or of the language that it belongs to; null: none of them. */
  readonly kind: string | null;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Properties of its own that are plain values: `file`, `model`, `status`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: PackedError | undefined;
}

/** Classes of the language itself that a worker may throw. */
const builtIn = new Map<string, Error>([
  ["TypeError", TypeError.prototype],
  ["RangeError", RangeError.prototype],
]);

/** An error that causes itself, by way of others, is cut here. */
const DEEPEST_CAUSE = 8;

/** They have places of their own. */
const others = new Set(["message", "stack", "cause"]);

export function packError(error: unknown, depth = 0): PackedError {
  if (!(error instanceof Error)) {
    return {
      kind: null,
      name: "Error",
      message: String(error),
      stack: undefined,
      fields: {},
      cause: undefined,
    };
  }
  const kind = errorKind(error) ?? (builtIn.has(error.name) ? error.name : null);
  const fields = Object.entries(error).filter(([key, value]) => !others.has(key) && isPlain(value));
  const hasCause = error.cause !== undefined && depth < DEEPEST_CAUSE;
  return {
    kind,
    name: error.name,
    message: error.message,
    stack: error.stack,
    fields: Object.fromEntries(fields),
    cause: hasCause ? packError(error.cause, depth + 1) : undefined,
  };
}

export function unpackError({ kind, name, message, stack, fields, cause }: PackedError): Error {
  const error = new Error(message, cause === undefined ? {} : { cause: unpackError(cause) });
  const prototype = kind === null ? undefined : (errorPrototype(kind) ?? builtIn.get(kind));
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  Object.assign(error, fields);
  if (error.name !== name) {
    Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  }
  if (stack !== undefined) {
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  }
  return error;
}

function isPlain(value: unknown): boolean {
  return value === null || ["undefined", "boolean", "number", "string"].includes(typeof value);
}
