import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "../src/error-codes.ts";
import {
  ArgumentError,
  FileError,
  FormatError,
  SentensorError,
  ShapeError,
  UnsupportedError,
} from "../src/errors.ts";
import { GatedModelError, HubError } from "../src/sources/hub/errors.ts";

/** Codes are a promise to callers: none is ever renamed or removed, and a new one is added here as well. */
const CODES = [
  "access-denied",
  "append-mismatch",
  "assembly-error",
  "backend-mismatch",
  "cache-error",
  "cannot-append",
  "conflicting-options",
  "dimension-mismatch",
  "disposed",
  "download-corrupt",
  "duplicate-name",
  "embeddings-count-mismatch",
  "embeddings-text-mismatch",
  "fetch-failed",
  "file-changed",
  "file-error",
  "file-not-found",
  "file-not-writable",
  "format-without-texts",
  "gated-model",
  "git-lfs-pointer",
  "hub-error",
  "hub-redirect",
  "hub-response",
  "hub-unreachable",
  "index-out-of-range",
  "invalid-address",
  "invalid-argument",
  "invalid-csv",
  "invalid-file",
  "invalid-json",
  "invalid-line",
  "invalid-merges",
  "invalid-model-name",
  "invalid-npy",
  "invalid-offsets",
  "invalid-path",
  "invalid-pickle",
  "invalid-safetensors",
  "invalid-sentencepiece",
  "invalid-special-token",
  "invalid-unicode",
  "invalid-utf8",
  "invalid-value",
  "invalid-zip",
  "legacy-checkpoint",
  "length-not-multiple",
  "limit-too-small",
  "line-too-long",
  "max-length-exceeds-positions",
  "missing-column",
  "missing-etag",
  "missing-feature",
  "missing-field",
  "missing-key",
  "missing-shard",
  "missing-special-token",
  "missing-tensor",
  "missing-token",
  "model-disabled",
  "model-not-found",
  "module-not-savable",
  "nested-too-deeply",
  "no-file-system",
  "no-padding-token",
  "no-unknown-token",
  "no-webassembly",
  "not-a-file",
  "not-a-folder",
  "not-cached",
  "not-embeddings",
  "not-finite",
  "out-of-memory",
  "output-exists",
  "output-is-input",
  "overlap-too-large",
  "path-outside-folder",
  "pool-needs-files",
  "pool-not-of-model",
  "pool-stopped",
  "prompt-not-found",
  "ranges-required",
  "read-out-of-range",
  "regex-too-slow",
  "reserved-name",
  "revision-not-found",
  "route-not-found",
  "sentence-count",
  "server-error",
  "server-stopped-ranges",
  "shape-mismatch",
  "shard-mismatch",
  "stride-too-large",
  "tensor-on-backend",
  "tensor-on-host",
  "tensor-shape",
  "text-not-divisible",
  "thread-error",
  "threads-unavailable",
  "token-not-found",
  "token-rejected",
  "tokenizer-not-found",
  "truncated-file",
  "truncation-impossible",
  "uneven-lengths",
  "unfinished-file",
  "unknown-command",
  "unknown-format",
  "unknown-model-type",
  "unknown-module",
  "unknown-option",
  "unknown-pooling-mode",
  "unknown-setting",
  "unknown-similarity-function",
  "unknown-tokenizer-class",
  "unknown-tokenizer-component",
  "unsupported",
  "unsupported-activation",
  "unsupported-adapter",
  "unsupported-attention-mask",
  "unsupported-chat-template",
  "unsupported-device",
  "unsupported-dtype",
  "unsupported-element-type",
  "unsupported-npy",
  "unsupported-pickle",
  "unsupported-quantization",
  "unsupported-regex",
  "unsupported-setting",
  "unsupported-zip",
  "unused-tensors",
  "usage-error",
  "weights-not-found",
  "wide-simd-unavailable",
  "width-mismatch",
  "worker-error",
  "worker-start-failed",
  "workers-unavailable",
  "wrong-tokenizer-model",
];

test("the codes of errors are those that callers were promised", () => {
  assert.deepEqual(SentensorError.codes, CODES);
  assert.ok(Object.isFrozen(SentensorError.codes));
  for (const meaning of Object.values(errorCodes)) assert.match(meaning, /^[A-Z][^\n]+\.$/);
});

test("an error has the general code of its class, or the one that it was thrown with", () => {
  assert.equal(new ArgumentError("a").code, "invalid-argument");
  assert.equal(new ShapeError("a").code, "shape-mismatch");
  assert.equal(new FormatError("a").code, "invalid-file");
  assert.equal(new FileError("f", "a").code, "file-error");
  assert.equal(new UnsupportedError("a").code, "unsupported");
  assert.equal(new GatedModelError("org/model", "a").code, "gated-model");
  const error = new ArgumentError("a", { code: "unknown-option", subject: "batch_size" });
  assert.equal(error.code, "unknown-option");
  assert.equal(error.subject, "batch_size");
  assert.ok(!("subject" in new ArgumentError("a")));
  assert.deepEqual(
    [new UnsupportedError("x", { file: "config.json" })].map(({ file, message }) => [file, message]),
    [["config.json", "config.json: x"]],
  );
});

test("names of classes are written out, and subclasses of callers are told apart", () => {
  class Own extends ArgumentError {}
  const own = new Own("a");
  assert.equal(own.name, "ArgumentError");
  assert.ok(own instanceof Own && own instanceof ArgumentError && own instanceof SentensorError);
  assert.ok(!(new ArgumentError("a") instanceof Own));
  assert.ok(!(new ArgumentError("a") instanceof ShapeError));
  assert.ok(!(new FileError("f", "a") instanceof ArgumentError));
  for (const value of [new Error("a"), null, undefined, "a", {}])
    assert.ok(!(value instanceof SentensorError));
  const gated = new GatedModelError("org/model", "a");
  assert.equal(String(gated), "GatedModelError: org/model: a");
  assert.ok(gated instanceof HubError);
});
