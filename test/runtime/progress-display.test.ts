import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { duration, megabytes, ProgressDisplay, texts } from "../../src/runtime/progress-display.ts";

let now = 0;
let written: string[] = [];
const terminalOf = (columns?: number) => ({
  ...(columns && { columns }),
  write: (text: string) => void written.push(text),
});

beforeEach(() => {
  now = 1000;
  written = [];
  mock.method(performance, "now", () => now);
});
afterEach(() => mock.restoreAll());

test("a terminal sees how much is done, how fast, and how long it will take", () => {
  const line = new ProgressDisplay(terminalOf(), "encode:", texts);
  line.start({ done: 1000, fraction: 0.5 });
  now += 2000;
  line.update({ done: 1100, fraction: 0.75 });
  now += 50;
  line.update({ done: 1101, fraction: 0.76 });
  now += 50;
  line.update({ done: 1200, fraction: null });
  line.close();
  assert.deepEqual(written, [
    "\rencode: 1,100 texts, 50/s, 75 %, 0:02 left\x1b[K",
    "\rencode: 1,200 texts, 95/s, 0:02\x1b[K",
    "\r\x1b[K",
  ]);
});

test("a line with a bar stays when all is done, and goes when it was ended before", () => {
  const terminal = terminalOf();
  const whole = new ProgressDisplay(terminal, "Encoding", texts);
  now += 1000;
  whole.update({ done: 500, total: 2000 });
  now += 10;
  whole.update({ done: 2000, total: 2000 });
  whole.close();
  whole.close();
  const bar = (filled: number) => "█".repeat(filled).padEnd(30);
  assert.deepEqual(written, [
    `\rEncoding |${bar(8)}| 500/2,000 texts, 500/s, 0:03 left\x1b[K`,
    `\rEncoding |${bar(30)}| 2,000/2,000 texts, 1980/s, 0:00 left\x1b[K`,
    `\rEncoding |${bar(30)}| 2,000/2,000 texts, 1980/s, 0:00 left\x1b[K\n`,
  ]);
  written = [];
  const broken = new ProgressDisplay(terminal, "Encoding", texts);
  broken.update({ done: 0, total: 10 });
  broken.close();
  assert.deepEqual(written, [`\rEncoding |${bar(0)}| 0/10 texts, 0.0/s, ? left\x1b[K`, "\r\x1b[K"]);
});

test("several at once have a line each, one below the other", () => {
  const terminal = terminalOf(12);
  const [a, b] = ["a:", "b:"].map((label) => new ProgressDisplay(terminal, label, megabytes));
  a!.update({ done: 0 });
  b!.update({ done: 0 });
  now += 100;
  a!.update({ done: 1e6 });
  b!.update({ done: 2e6, total: 2e6 });
  b!.close();
  a!.close();
  const line = (text: string) => `${text.slice(0, 11)}\x1b[K`;
  assert.deepEqual(written, [
    `\r${line("a: 0.0 MB, 0.0 MB/s")}`,
    `\r${line("a: 0.0 MB, 0.0 MB/s")}\n${line("b: 0.0 MB, 0.0 MB/s")}`,
    `\x1b[1A\r${line("a: 1.0 MB, 10.0 MB/s")}\n${line("b: 0.0 MB, 0.0 MB/s")}`,
    `\x1b[1A\r${line("a: 1.0 MB, 10.0 MB/s")}\n${line(`b: |${"█".repeat(30)}`)}`,
    `\x1b[1A\r${line(`b: |${"█".repeat(30)}`)}\n${line("a: 1.0 MB, 10.0 MB/s")}`,
    "\r\x1b[K",
  ]);
});

test("nothing is written where nobody looks", () => {
  const line = new ProgressDisplay(undefined, "encode:", texts);
  line.start({ done: 0, fraction: 0 });
  line.update({ done: 1, fraction: 0.5 });
  line.close();
  assert.deepEqual(written, []);
});

test("durations are read as on a clock", () => {
  assert.deepEqual([0, 9.4, 61, 3599, 3600, 90_061].map(duration), [
    "0:00",
    "0:09",
    "1:01",
    "59:59",
    "1:00:00",
    "25:01:01",
  ]);
});
