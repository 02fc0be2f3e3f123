import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { duration, ProgressLine } from "../../src/cli/progress-line.ts";

function lineAt(isTerminal: boolean): { written: string[]; line: ProgressLine } {
  const written: string[] = [];
  const output = { isTerminal, write: async (text: string | Uint8Array) => void written.push(String(text)) };
  return { written, line: new ProgressLine(output, "encode:") };
}

test("a terminal sees how much is done, how fast, and how long it will take", () => {
  let now = 1000;
  const clock = mock.method(performance, "now", () => now);
  const { written, line } = lineAt(true);
  line.start(1000, 0.5);
  now += 2000;
  line.update(1100, 0.75);
  now += 50;
  line.update(1101, 0.76);
  now += 50;
  line.update(1200, null);
  line.close();
  clock.mock.restore();
  assert.deepEqual(written, [
    "\rencode: 1,100 texts, 50/s, 75 %, 0:02 left\x1b[K",
    "\rencode: 1,200 texts, 95/s, 0:02\x1b[K",
    "\r\x1b[K",
  ]);
});

test("nothing is written where nobody looks", () => {
  const { written, line } = lineAt(false);
  line.start(0, 0);
  line.update(1, 0.5);
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
