import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileSource } from "../../src/files/file-source.ts";
import { MemorySource } from "../../src/sources/memory-source.ts";
import { readAhead } from "../../src/sources/read-ahead.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function counted(): { source: FileSource; calls: string[] } {
  const inner = new MemorySource(
    new Map([
      ["a.json", bytes("{}")],
      ["b.json", bytes("[]")],
      ["broken.json", bytes("")],
    ]),
  );
  const calls: string[] = [];
  const source: FileSource = {
    name: inner.name,
    exists: (path) => {
      calls.push(`exists ${path}`);
      return inner.exists(path);
    },
    open: (path) => inner.open(path),
    read: async (path) => {
      calls.push(`read ${path}`);
      if (path === "broken.json") throw new Error("the disk is gone");
      return inner.read(path);
    },
  };
  return { source, calls };
}

test("files are read at once, and never again", async () => {
  const { source, calls } = counted();
  const ahead = readAhead(source, ["a.json", "missing.json"]);
  assert.equal(ahead.name, source.name);
  assert.deepEqual(calls, ["exists a.json", "exists missing.json"]);
  assert.equal(await ahead.exists("a.json"), true);
  assert.deepEqual(await ahead.read("a.json"), bytes("{}"));
  assert.deepEqual(await ahead.read("a.json"), bytes("{}"));
  assert.equal(await ahead.exists("missing.json"), false);
  assert.deepEqual(calls, ["exists a.json", "exists missing.json", "read a.json"]);
});

test("what is forgotten is read again", async () => {
  const { source, calls } = counted();
  const ahead = readAhead(source, ["a.json"]);
  await ahead.read("a.json");
  ahead.forget();
  assert.equal(await ahead.exists("a.json"), true);
  assert.deepEqual(await ahead.read("a.json"), bytes("{}"));
  assert.deepEqual(
    calls.filter((call) => call === "read a.json"),
    ["read a.json", "read a.json"],
  );
});

test("other files, and what is missing, are the source's own affair", async () => {
  const { source, calls } = counted();
  const ahead = readAhead(source, ["missing.json"]);
  assert.deepEqual(await ahead.read("b.json"), bytes("[]"));
  assert.equal(await ahead.exists("b.json"), true);
  await (await ahead.open("a.json")).close();
  await assert.rejects(ahead.read("missing.json"), { name: "FileError", message: /missing\.json/ });
  assert.ok(calls.includes("read b.json"));
});

test("a failure is told to those who ask for the file, and to nobody else", async () => {
  const { source } = counted();
  const ahead = readAhead(source, ["broken.json", "a.json"]);
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would end the process here
  assert.deepEqual(await ahead.read("a.json"), bytes("{}"));
  await assert.rejects(ahead.read("broken.json"), /the disk is gone/);
});
