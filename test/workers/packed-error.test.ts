import assert from "node:assert/strict";
import { test } from "node:test";
import { ArgumentError, FileError, FormatError, ShapeError, UnsupportedError } from "../../src/errors.ts";
import { HubResponseError, ModelNotFoundError } from "../../src/sources/hub/errors.ts";
import { packError, unpackError } from "../../src/workers/packed-error.ts";

function travel(error: unknown): Error {
  return unpackError(structuredClone(packError(error)));
}

test("an error keeps its class, message, fields, stack and cause on its way between threads", () => {
  const cause = new FormatError("broken", { file: "model/config.json" });
  for (const error of [
    new ArgumentError("a"),
    new ShapeError("b", { cause }),
    new FormatError("c", { file: "f.json", cause }),
    new FileError("f", "d", { cause }),
    new UnsupportedError("e"),
    new ModelNotFoundError("org/model", "none", { transient: true }),
    new HubResponseError("org/model", "bad", { status: 500 }),
    new TypeError("g"),
    new Error("h"),
  ]) {
    const arrived = travel(error);
    assert.equal(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
    assert.equal(arrived.name, error.name);
    assert.equal(arrived.message, error.message);
    assert.equal(arrived.stack, error.stack);
    assert.deepEqual({ ...arrived }, { ...error });
    assert.deepEqual(arrived.cause, error.cause);
  }
});

test("what is no error of a known class arrives as an error of its name", () => {
  class Strange extends Error {
    override name = "Strange";
    readonly code = "E_STRANGE";
    readonly helper = () => {};
  }
  const arrived = travel(new Strange("odd"));
  assert.equal(arrived.name, "Strange");
  assert.equal(arrived.message, "odd");
  assert.equal((arrived as Strange).code, "E_STRANGE");
  assert.equal(travel("just text").message, "just text");
  assert.equal(travel(undefined).message, "undefined");
});

test("an error that causes itself arrives", () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(travel(error).message, "round");
});
