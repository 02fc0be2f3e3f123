/** Errors on their way from one thread to another, with their class, which structured cloning would lose. */
import {
  ArgumentError,
  FileError,
  FormatError,
  SentensorError,
  ShapeError,
  UnsupportedError,
} from "../errors.ts";
import {
  GatedModelError,
  HubAccessError,
  HubConnectionError,
  HubError,
  HubIntegrityError,
  HubOfflineError,
  HubResponseError,
  HubStorageError,
  ModelNotFoundError,
  RevisionNotFoundError,
} from "../hub/errors.ts";

export interface PackedError {
  /** A key of `classes`; null: none of them. */
  readonly kind: string | null;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Properties of its own that are plain values: `file`, `model`, `status`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: PackedError | undefined;
}

/** By names that no minifier changes. */
const classes: ReadonlyMap<string, { readonly prototype: Error }> = new Map<
  string,
  { readonly prototype: Error }
>([
  ["ArgumentError", ArgumentError],
  ["ShapeError", ShapeError],
  ["FormatError", FormatError],
  ["FileError", FileError],
  ["UnsupportedError", UnsupportedError],
  ["SentensorError", SentensorError],
  ["HubError", HubError],
  ["ModelNotFoundError", ModelNotFoundError],
  ["RevisionNotFoundError", RevisionNotFoundError],
  ["HubAccessError", HubAccessError],
  ["GatedModelError", GatedModelError],
  ["HubConnectionError", HubConnectionError],
  ["HubResponseError", HubResponseError],
  ["HubIntegrityError", HubIntegrityError],
  ["HubOfflineError", HubOfflineError],
  ["HubStorageError", HubStorageError],
  ["TypeError", TypeError],
  ["RangeError", RangeError],
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
  const prototype: unknown = Object.getPrototypeOf(error);
  const [kind = null] = [...classes].find((entry) => entry[1].prototype === prototype) ?? [];
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
  const known = kind === null ? undefined : classes.get(kind);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
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
