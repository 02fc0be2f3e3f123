import assert from "node:assert/strict";
import test from "node:test";
import { UnsupportedError } from "../../../src/errors.ts";
import { RegexPattern } from "../../../src/tokenizer/regex/pattern.ts";
import { cpuTime } from "../../helpers/cpu-time.ts";
import { fixture, type Oracle } from "../folders.ts";

const { oracle, texts, patterns } = fixture<{
  readonly oracle: Oracle;
  readonly texts: readonly string[];
  readonly patterns: readonly {
    readonly pattern: string;
    /** For each text, the matches that are not empty. */
    readonly matches: readonly (readonly (readonly [number, number])[])[];
  }[];
}>("regex.json.gz");

for (const { pattern, matches } of patterns) {
  test(`${pattern}: the matches of tokenizers ${oracle.tokenizers}`, () => {
    const regex = new RegexPattern(pattern);
    for (const [i, text] of texts.entries()) {
      const found = regex.spans(text).filter(({ start, end, isMatch }) => isMatch && start < end);
      assert.deepEqual(
        found.map(({ start, end }) => [start, end]),
        matches[i],
        JSON.stringify(text),
      );
    }
  });
}

test("spans cover the text", () => {
  for (const { pattern } of patterns) {
    for (const text of texts) {
      const spans = new RegexPattern(pattern).spans(text);
      assert.equal(spans.map(({ start, end }) => text.slice(start, end)).join(""), text);
    }
  }
});

test("what Oniguruma refuses, and what has not been compared with it, is refused by name", () => {
  const refused: readonly [pattern: string, what: RegExp][] = [
    ["(a", /\(a/],
    ["a)", /a\)/],
    ["[a", /\[a/],
    ["*a", /\*/],
    ["[z-a]", /z-a/],
    ["a\\", /a/],
    ["(a)\\1", /1/],
    ["(?<n>a)\\k<n>", /k/],
    ["(?<n>a)\\g<n>", /g/],
    ["\\p{Nonsense}", /Nonsense/],
    ["\\p{script=Han}", /script=Han/],
    ["(?~a)", /~/],
    ["(?(1)a)", /\(\?\(/],
    ["a\\Kb", /K/],
    ["\\y", /y/],
    ["\\X", /X/],
    ["\\G", /G/],
    ["(?s:.)", /s/],
    ["(?<=a+)b", /behind|<=/],
    ["\\xff", /ff/],
    ["\\ud83d", /d83d/i],
  ];
  for (const [pattern, what] of refused) {
    assert.throws(
      () => new RegexPattern(pattern),
      (error: unknown) => error instanceof UnsupportedError && what.test(error.message),
      pattern,
    );
  }
});

test("expressions that blow up end in a typed error or an answer, in bounded time", () => {
  const started = cpuTime();
  const long = "a".repeat(5_000);
  for (const pattern of [
    "(a+)+b",
    "(a|a)*b",
    "(a|aa)+$b",
    "(?:a?){30}a{30}b",
    "a*a*a*a*a*b",
    "(?:a+){2,50}b",
  ]) {
    try {
      new RegexPattern(pattern).spans(long);
    } catch (error) {
      assert.ok(error instanceof UnsupportedError, String(error));
    }
  }
  assert.throws(() => new RegexPattern("(".repeat(10_000) + ")".repeat(10_000)), UnsupportedError);
  assert.throws(() => new RegexPattern("((((a{1000}){1000}){1000}){1000})"), UnsupportedError);
  assert.ok(cpuTime() - started < 20_000);
});
