import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { DownloadProgress } from "../../../src/sources/hub/download-progress.ts";

test("the bar is one line that shows all downloads, and ends with the last of them", (t) => {
  let output = "";
  let now = 1000;
  mock.method(performance, "now", () => now);
  t.after(() => mock.restoreAll());
  const terminal = { columns: 200, write: (text: string) => (output += text) };
  const bar = new DownloadProgress(undefined, terminal);
  bar.report("a.json", 0, 1_000_000);
  bar.report("b\u009b.bin", 0, 3_000_000);
  now += 2000;
  bar.report("b\u009b.bin", 3_000_000, 3_000_000);
  const full = "█".repeat(23).padEnd(30);
  assert.ok(
    output.endsWith(`\rDownloading |${full}| 3.0/4.0 MB, 1.5 MB/s, 0:01 left, b\\u009b.bin\x1b[K`),
    JSON.stringify(output),
  );
  bar.ended("b\u009b.bin");
  assert.ok(!output.includes("\n"));
  bar.report("a.json", 1_000_000, 1_000_000);
  bar.ended("a.json");
  assert.ok(output.endsWith("\n"));
  output = "";
  bar.report("c.json", 5, undefined);
  assert.match(output, /0\.0\/0\.0 MB/);
  const narrow = new DownloadProgress(undefined, { columns: 20, write: (text) => (output = text) });
  narrow.report("c.json", 5, 10);
  assert.equal(output.length, "\r".length + 19 + "\x1b[K".length);
  narrow.ended("c.json");
  assert.equal(output, "\r\x1b[K", "a download that failed leaves no line");
});
