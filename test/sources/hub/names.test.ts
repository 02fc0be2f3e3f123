import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArgumentError } from "../../../src/errors.ts";
import { hubPathProblem } from "../../../src/sources/hub/hub-path.ts";
import { modelNameProblem, resolveModelName } from "../../../src/sources/hub/model-name.ts";
import { originalModels } from "../../../src/sources/hub/original-models.ts";
import { checkRevision, isCommit } from "../../../src/sources/hub/revision.ts";

test("a short name means a model of sentence-transformers", () => {
  assert.equal(resolveModelName("all-MiniLM-L6-v2"), "sentence-transformers/all-MiniLM-L6-v2");
  assert.equal(resolveModelName("BAAI/bge-m3"), "BAAI/bge-m3");
});

test("the short names of transformers' first models stay as they are, in any case", () => {
  assert.equal(resolveModelName("bert-base-uncased"), "bert-base-uncased");
  assert.equal(resolveModelName("XLM-RoBERTa-base"), "XLM-RoBERTa-base");
  assert.equal(originalModels.size, 68);
});

test("model names are those that huggingface_hub accepts", () => {
  // The examples of its docstring, and one for each rule.
  for (const name of ["foo", "foo/bar", "123", "Foo-BAR_foo.bar123", "_a/b_", "a".repeat(96)]) {
    assert.equal(modelNameProblem(name), undefined, name);
  }
  const wrong = [
    "datasets/foo/bar",
    ".repo_id",
    "foo--bar",
    "foo.git",
    "other..repo..id",
    "",
    "/",
    "foo/",
    "/foo",
  ];
  wrong.push(
    "-foo",
    "foo-",
    "foo.",
    "a".repeat(97),
    "café",
    "foo bar",
    "foo\n",
    "foo\\bar",
    "../foo",
    "~/foo",
    "C:foo",
  );
  for (const name of wrong) {
    assert.notEqual(modelNameProblem(name), undefined, name);
    assert.throws(() => resolveModelName(name), ArgumentError);
  }
  assert.throws(() => resolveModelName(undefined as unknown as string), /got undefined/);
});

test("a revision is a branch, a tag or a commit, as git allows them", () => {
  for (const revision of ["main", "v1.0", "refs/pr/4", "feature/x-y", "5d3a1b2", "a".repeat(40)]) {
    assert.equal(checkRevision(revision), revision);
  }
  const wrong = [
    "",
    "..",
    "../main",
    "a/../b",
    "/main",
    "main/",
    "a//b",
    "a\\b",
    "a b",
    "a\0",
    "a\n",
    "a:b",
    "a~1",
  ];
  wrong.push(
    "a^",
    "a?",
    "a*",
    "a[",
    "a@{0}",
    "a..b",
    ".a",
    "a/.b",
    "a.",
    "a.lock",
    "-a",
    "C:a",
    "nul",
    "a/con.txt",
    "x".repeat(300),
  );
  for (const revision of wrong) assert.throws(() => checkRevision(revision), ArgumentError, revision);
  assert.throws(() => checkRevision(1 as unknown as string), /got number/);
});

test("only 40 hexadecimal digits are a commit", () => {
  assert.ok(isCommit("0123456789abcdef0123456789abcdef01234567"));
  for (const other of ["main", "A".repeat(40), "a".repeat(39), "a".repeat(41), `${"a".repeat(40)}\n`, 7]) {
    assert.ok(!isCommit(other), String(other));
  }
});

test("paths that leave the folder, or mean something else on some system, are refused", () => {
  for (const path of [
    "config.json",
    "1_Pooling/config.json",
    "a/b/c.d-e_f",
    "console.json",
    "com.txt",
    "nulls",
    ".x",
  ]) {
    assert.equal(hubPathProblem(path), undefined, path);
  }
  const wrong = [
    "",
    "..",
    "a/../b",
    "/etc/passwd",
    "\\\\server\\share",
    "a\\b",
    "C:/x",
    "a/D:x",
    "a\0b",
    "a\nb",
    "a//b",
    "./a",
  ];
  wrong.push(
    "con",
    "NUL.txt",
    "a/aux",
    "COM1",
    "lpt9.json",
    "com¹",
    "nul .txt",
    "CONIN$",
    "a.",
    "a ",
    "a./b",
    "a:stream",
    "a?",
    "a*",
    'a"',
    "a|b",
    "<a>",
  );
  for (const path of wrong) assert.notEqual(hubPathProblem(path), undefined, path);
});

test("a path that passes stays in its folder, whatever it consists of", () => {
  const part = fc.constantFrom("..", ".", "", "a", "/", "\\", "C:", "nul", "b.json");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom("", "/"), (parts, separator) => {
      const path = parts.join(separator);
      if (hubPathProblem(path) !== undefined) return;
      const { pathname } = new URL(path, "file:///root/folder/");
      assert.ok(pathname.startsWith("/root/folder/"), pathname);
    }),
  );
});
