/**
 * Every `code` of an error that this package throws on purpose, in alphabetical order. A code is part of the public
 * interface: it is never renamed, and keeps its meaning. docs/errors.md lists them for users.
 */
export const errorCodes = {
  "access-denied": "The hub knows the model, and rejects this caller or this token.",
  "assembly-error": "Generated WebAssembly breaks a rule of its format: a bug of this package.",
  "cache-error": "The cache folder cannot be read or written.",
  "download-corrupt": "A downloaded file does not have the size or the hash that the hub lists.",
  "file-error": "A file cannot be read or written.",
  "gated-model": "The licence of the model has to be accepted at the hub first.",
  "hub-error": "The hub did not deliver what was requested.",
  "hub-response": "The hub answered with an unexpected status or body.",
  "hub-unreachable": "The hub cannot be reached, or the connection broke repeatedly.",
  "index-out-of-range": "An index lies outside of what it selects from.",
  "invalid-argument": "An argument has the wrong type, is out of range, or is an unknown name.",
  "invalid-file": "A file breaks the rules of its format, or does not match the files beside it.",
  "model-not-found": "The hub has no model of that name, or keeps it private.",
  "not-cached": "A file is not in the cache, and nothing may or can be downloaded.",
  "revision-not-found": "The model has no such branch, tag or commit.",
  "shape-mismatch": "Shapes, dtypes or backends of tensors do not match.",
  "thread-error": "A thread of a model stopped, or could not be started.",
  "unknown-option": "An option is unknown; the message names the one that is probably meant.",
  unsupported:
    "The input is well formed, but needs something that this package or this runtime does not provide.",
  "unsupported-element-type": "Tensors cannot have elements of this type.",
  "usage-error": "A command line is malformed.",
  "worker-error": "The workers of a pool ended, or were stopped.",
} as const;

/** The `code` of a `SentensorError`. */
export type ErrorCode = keyof typeof errorCodes;
