/**
 * npm run bench:killed-run                        100,000 short lines through `sentensor encode`, killed twice
 * npm run bench:killed-run -- --lines 10000       fewer of them
 * npm run bench:killed-run -- --format jsonl      one format, or several (default: npy and safetensors)
 * npm run bench:killed-run -- --threads 1         as `sentensor encode --threads`
 * npm run bench:killed-run -- --seed 7            other texts, and other places to be killed at
 *
 * The built command line embeds the lines with models/demo-en: once without interruption, and once with --resume
 * after each of two SIGKILLs, which come wherever the run is when about a random number of rows has been written.
 * The two files have to be the same, byte for byte, and hold each line once. Memory is the peak of the resident set
 * that Linux notes for each process (VmHWM in /proc); where there is no /proc, it is not measured.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { corpus } from "../demo/corpus.ts";
import { util } from "../src/index.ts";
import { builtCommandLine } from "../test/helpers/built.ts";
import { randomNumbers } from "../test/helpers/random.ts";

const MODEL = fileURLToPath(new URL("../models/demo-en", import.meta.url));
const DIMENSION = 128;
const KILLS = 2;

/** How much of the rows is written when memory is looked at. */
const LOOKS = [0.1, 0.5, 1];

/** Pieces that are read and written, and what garbage collection leaves to chance. */
const FLAT = 48 * 2 ** 20;

const FORMATS = ["npy", "safetensors", "jsonl"] as const;
type Format = (typeof FORMATS)[number];

interface Settings {
  readonly lines: readonly string[];
  readonly input: string;
  readonly extra: readonly string[];
  readonly random: () => number;
}

interface Run {
  readonly seconds: number;
  /** The peak of the resident set up to each of LOOKS, in bytes; null: not measured, or not reached. */
  readonly peaks: readonly (number | null)[];
  /** Rows in the file when the run was killed; null: it ended by itself. */
  readonly killedAt: number | null;
}

/** Lines of 3 to 12 words of the demo's definitions. */
function makeLines(count: number, random: () => number): string[] {
  const words = corpus.join(" ").replaceAll(/[:,]/g, "").split(" ");
  const word = () => words[Math.floor(random() * words.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const length = 3 + Math.floor(random() * 10);
    return `${i} ${Array.from({ length: length - 1 }, word).join(" ")}`;
  });
}

/** Rows that are complete, about: the header may be a little longer. */
async function rowsWritten(output: string, format: Format): Promise<number> {
  const size = (await stat(output).catch(() => ({ size: 0 }))).size;
  if (format === "jsonl") return size === 0 ? 0 : (await readFile(output, "latin1")).split("\n").length - 1;
  return Math.max(0, Math.floor((size - (format === "npy" ? 128 : 4096)) / (4 * DIMENSION)));
}

/** Bytes; null where this system has no /proc. */
async function peakMemory({ pid }: ChildProcess): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** @param killAt kills the process once so many rows are written */
async function run(settings: Settings, output: string, format: Format, killAt: number | null): Promise<Run> {
  const { input, extra, lines, random } = settings;
  const argv = [builtCommandLine, "encode", MODEL, "-i", input, "-o", output, "--resume", ...extra];
  const started = performance.now();
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
  const peaks: (number | null)[] = LOOKS.map(() => null);
  let last: number | null = null;
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  while (isRunning()) {
    const rows = await rowsWritten(output, format);
    last = (await peakMemory(child)) ?? last;
    for (const [i, look] of LOOKS.entries()) if (look < 1 && rows >= look * lines.length) peaks[i] ??= last;
    if (killAt !== null && rows >= killAt) {
      await sleep(random() * 40);
      child.kill("SIGKILL");
      break;
    }
    await sleep(10);
  }
  const end = await ended;
  assert.equal(end, killAt === null ? 0 : "SIGKILL", `the run ended with ${end}`);
  peaks[LOOKS.length - 1] = last;
  const killedAt = killAt === null ? null : await rowsWritten(output, format);
  return { seconds: (performance.now() - started) / 1000, peaks, killedAt };
}

/** @returns whether all is as it has to be */
async function check(settings: Settings, folder: string, format: Format): Promise<boolean> {
  const { lines, random } = settings;
  const [whole, output] = [join(folder, `whole.${format}`), join(folder, `killed.${format}`)];
  const uninterrupted = await run(settings, whole, format, null);
  const runs: Run[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const fraction = (kill + 0.15 + 0.7 * random()) / KILLS;
    runs.push(await run(settings, output, format, Math.floor(fraction * lines.length)));
  }
  runs.push(await run(settings, output, format, null));

  const identical = (await readFile(output)).equals(await readFile(whole));
  const { embeddings, sentences } = await util.loadEmbeddings(output);
  const complete =
    embeddings.length === lines.length &&
    (format === "npy" || lines.every((line, i) => sentences?.[i] === line));
  const [early, , end] = uninterrupted.peaks;
  const flat = early == null || end == null || end - early <= FLAT;
  const rate = lines.length / uninterrupted.seconds;
  console.log(`\n.${format}, ${lines.length.toLocaleString("en")} lines`);
  console.log(
    `  without interruption  ${uninterrupted.seconds.toFixed(1)} s, ${rate.toFixed(0)} lines/s; ${peaksOf(uninterrupted)}`,
  );
  for (const each of runs) {
    const how = each.killedAt === null ? "to the end" : `killed at row ${each.killedAt.toLocaleString("en")}`;
    console.log(`  ${how.padEnd(20)}  ${each.seconds.toFixed(1)} s; ${peaksOf(each)}`);
  }
  console.log(`  the two files are ${identical ? "identical" : "NOT IDENTICAL"}`);
  if (!complete) console.log("  NOT COMPLETE: lines are missing, or come twice");
  if (!flat) console.log("  NOT FLAT: memory grew with the number of lines");
  return identical && complete && flat;
}

function peaksOf({ peaks }: Run): string {
  if (peaks.every((peak) => peak === null)) return "memory is not measured: this system has no /proc";
  const parts = LOOKS.flatMap((look, i) => {
    const peak = peaks[i] ?? null;
    return peak === null
      ? []
      : [`${look === 1 ? "at the end" : `${100 * look} %`} ${(peak / 1e6).toFixed(0)} MB`];
  });
  return `peak memory ${parts.join(", ")}`;
}

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "100000" },
    format: { type: "string", multiple: true, default: ["npy", "safetensors"] },
    threads: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const formats = FORMATS.filter((format) => values.format.includes(format));
if (formats.length < values.format.length) {
  throw new Error(`--format: expected ${FORMATS.join(", ")}, got ${values.format.join(", ")}`);
}
const random = randomNumbers(Number(values.seed));
const lines = makeLines(Number(values.lines), random);
const folder = await mkdtemp(join(tmpdir(), "sentensor-killed-run-"));
try {
  const input = join(folder, "lines.txt");
  await writeFile(input, lines.map((line) => `${line}\n`).join(""));
  const extra = values.threads === undefined ? [] : ["--threads", values.threads];
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}, seed ${values.seed}`);
  for (const format of formats) {
    if (!(await check({ lines, input, extra, random }, folder, format))) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
