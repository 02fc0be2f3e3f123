/**
 * The part of a driver that every JavaScript system shares. A driver is a process that holds one system with one
 * model: it reads requests from stdin, one JSON object a line, in order, and answers each by a line on stdout that
 * begins with `@bench `, so that what libraries print does not disturb it. It ends when stdin does.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * @typedef {object} System
 * @property {(request: any) => Promise<object>} load builds the model; says what it is
 * @property {(texts: string | string[], batchSize: number) => Promise<Float32Array>} embed one vector after the other
 * @property {(texts: string[]) => number[]} [count] tokens of each text, special tokens included
 */

/** @param {System} system */
export async function serve(system) {
  const answers = {
    load: (request) => system.load(request),
    embed: async ({ texts, batchSize }) => {
      const data = await system.embed(texts, batchSize);
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return { dimension: data.length / texts.length, base64: bytes.toString("base64") };
    },
    time: async ({ texts, batchSize, minSeconds }) => ({
      passes: await timePasses(() => system.embed(texts, batchSize), minSeconds),
    }),
    count: ({ texts }) => ({ counts: system.count(texts) }),
    memory: () => ({ peakBytes: peakMemory() }),
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, command, ...request } = JSON.parse(line);
    try {
      reply({ id, ...(await answers[command](request)) });
    } catch (error) {
      reply({ id, error: String(error?.stack ?? error) });
    }
  }
  process.exit(0);
}

function reply(message) {
  process.stdout.write(`@bench ${JSON.stringify(message)}\n`);
}

/** Seconds of each pass: one at least, then as many as begin before the time is over. */
async function timePasses(run, minSeconds) {
  const passes = [];
  const begun = performance.now();
  do {
    const started = performance.now();
    await run();
    passes.push((performance.now() - started) / 1000);
  } while (performance.now() - begun < minSeconds * 1000);
  return passes;
}

/** Bytes. Linux counts in `maxRSS` what the parent had before exec, too: VmHWM does not. */
function peakMemory() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
