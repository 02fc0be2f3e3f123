/** The results as Markdown. */
import { describeCommit, describeMachine } from "./machine.ts";
import {
  BATCH_SIZE,
  FIRST_EMBEDDING,
  type ModelResults,
  measureName,
  type SystemResults,
  type Workload,
} from "./measure.ts";
import type { PeerOptions } from "./options.ts";
import { medianOfRounds, pairwiseRatios, type Spread } from "./statistics.ts";
import type { System } from "./systems.ts";

export interface Report {
  readonly options: PeerOptions;
  readonly models: readonly ModelResults[];
  readonly installed: ReadonlyMap<System["kind"], number>;
  readonly load: number;
  readonly seconds: number;
}

export function formatReport(report: Report): string {
  const { options, models, load, seconds } = report;
  const lines = [
    `Machine: ${describeMachine()}; load before: ${load.toFixed(1)}. sentensor at commit ${describeCommit()}. ` +
      `${options.runs} rounds in ${(seconds / 60).toFixed(1)} minutes. Command: \`npm run bench:peers${commandLine()}\``,
    "",
    `× = ${baselineName(report)} relative to this system; above 1, ${baselineName(report)} is faster or smaller: the ` +
      "median of the ratios within each round (minimum – maximum). Tokens without padding.",
    ...(options.sortPeers ? ["", "transformers.js was given its texts sorted by length."] : []),
    ...(options.quick ? ["", "**A quick run: it shows that everything works, not how fast.**"] : []),
    ...models.flatMap((results) => formatModel(results, report)),
  ];
  return `${lines.join("\n")}\n`;
}

/** As given, but for where things lie on this machine. */
function commandLine(): string {
  const given = process.argv.slice(2).map((argument) => argument.replace(/(^|=).*\//, "$1"));
  return given.length === 0 ? "" : ` -- ${given.join(" ")}`;
}

function baselineName({ options, models }: Report): string {
  return baselineOf(models[0]!.systems, options).system.name;
}

/** The system that ratios refer to. Throws an Error where there is none of that name. */
export function baselineOf<R extends { readonly system: System }>(
  results: readonly R[],
  { baseline }: PeerOptions,
): R {
  const found = results.find(({ system }) =>
    baseline === undefined ? system.kind === "sentensor" : system.name === baseline,
  );
  if (found !== undefined) return found;
  const names = results.map(({ system }) => system.name).join(", ");
  throw new Error(`--baseline: expected one of ${names}, got "${baseline}"`);
}

/** What the tables say of each system. */
function cellsOf({ systems }: ModelResults, { options, installed }: Report) {
  const baseline = baselineOf(systems, options);
  const rate = (result: SystemResults, workload: Workload, threads: number) => {
    const name = measureName(workload, threads);
    const seconds = medianOfRounds(roundsOf(result, name));
    if (seconds === null) return "–";
    const sentences = format(workload.texts.length / seconds);
    return `${sentences} · ${format(workload.tokens / seconds)}${ratio(result, baseline, name)}`;
  };
  const latency = (result: SystemResults, workload: Workload, threads: number) => {
    const name = measureName(workload, threads);
    const seconds = medianOfRounds(roundsOf(result, name));
    return seconds === null ? "–" : `${format(seconds * 1000)}${ratio(result, baseline, name)}`;
  };
  const first = (result: SystemResults) => {
    const seconds = medianOfRounds(roundsOf(result, FIRST_EMBEDDING));
    return seconds === null ? "–" : `${seconds.toFixed(2)} s${ratio(result, baseline, FIRST_EMBEDDING)}`;
  };
  const size = (result: SystemResults, bytesOf: (result: SystemResults) => number | null | undefined) => {
    const [bytes, own] = [bytesOf(result), bytesOf(baseline)];
    if (bytes === null || bytes === undefined) return "–";
    const times = own === null || own === undefined || result === baseline ? "" : ` ×${format(bytes / own)}`;
    return `${format(bytes / 1e6)} MB${times}`;
  };
  return {
    rate,
    latency,
    first,
    memory: (result: SystemResults) => size(result, ({ peakBytes }) => peakBytes),
    installed: (result: SystemResults) => size(result, ({ system }) => installed.get(system.kind)),
  };
}

/** What a README has room for: the first model's mixed texts, starts and sizes. */
export function formatSummary(report: Report): string {
  const { options, models } = report;
  const results = models[0]!;
  const { model, systems, workloads } = results;
  const { mixed } = workloads;
  const cells = cellsOf(results, report);
  const measured = systems.filter(({ failure }) => failure === null);
  const lines = [
    `Shape of ${model.shapeOf}, ${mixed.texts.length} texts of ${(mixed.tokens / mixed.texts.length).toFixed(0)} ` +
      `tokens on average in batches of ${BATCH_SIZE}, sentences/s · tokens/s; the time from the start of a process ` +
      `to its first embedding; peak memory; installed size. × = ${baselineName(report)} relative to this row; above 1, ` +
      `${baselineName(report)} is faster or smaller: the median of ${options.runs} rounds (minimum – maximum). ` +
      `${describeMachine()}.`,
    "",
    ...table(
      [
        "",
        ...options.threads.map((threads) => plural(threads, "thread")),
        "first embedding",
        "memory",
        "installed",
      ],
      measured.map((result) => [
        result.system.name,
        ...options.threads.map((threads) => cells.rate(result, mixed, threads)),
        cells.first(result),
        cells.memory(result),
        cells.installed(result),
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function formatModel(results: ModelResults, report: Report): readonly string[] {
  const { options } = report;
  const { model, workloads, systems, reference } = results;
  const { short, mixed, single } = workloads;
  const cells = cellsOf(results, report);
  const measured = systems.filter(({ failure }) => failure === null);
  const both = [short, mixed].flatMap((workload) =>
    options.threads.map((threads) => ({ workload, threads })),
  );
  const describe = ({ texts, tokens }: Workload) =>
    `${texts.length} texts of ${(tokens / texts.length).toFixed(0)} tokens on average`;

  return [
    "",
    `### Shape of ${model.shapeOf}`,
    "",
    `Sentences/s · tokens/s, in batches of ${BATCH_SIZE}. Short: ${describe(short)}; mixed: ${describe(mixed)}.`,
    "",
    ...table(
      ["", ...both.map(({ workload, threads }) => `${workload.name}, ${plural(threads, "thread")}`)],
      measured.map((result) => [
        result.system.name,
        ...both.map(({ workload, threads }) => cells.rate(result, workload, threads)),
      ]),
    ),
    ...options.threads.flatMap((threads) => [
      "",
      `One text at a time, ${plural(threads, "thread")}, in milliseconds:`,
      "",
      ...table(
        ["", ...single.map(({ name }) => name)],
        measured.map((result) => [
          result.system.name,
          ...single.map((workload) => cells.latency(result, workload, threads)),
        ]),
      ),
    ]),
    "",
    "A fresh process until its first embedding; the most memory it took; what is installed:",
    "",
    ...table(
      ["", "first embedding", "peak memory", "installed"],
      measured.map((result) => [
        result.system.name,
        cells.first(result),
        cells.memory(result),
        cells.installed(result),
      ]),
    ),
    "",
    `Agreement with ${reference}: the least cosine, and the greatest difference of two elements; the same with ` +
      `${systems.find(({ system }) => system.kind === "sentensor")!.system.name}:`,
    "",
    ...table(
      ["", "cosine", "difference", "cosine, ours", "difference, ours", ""],
      systems.map(({ system, agreement, description, failure }) => [
        system.name,
        ...[agreement.reference, agreement.ours].flatMap((found) =>
          found === null
            ? ["–", "–"]
            : [found.leastCosine.toFixed(7), found.greatestDifference.toExponential(1)],
        ),
        failure === null ? description : `**not measured:** ${failure.split("\n")[0]}`,
      ]),
    ),
  ];
}

function roundsOf({ seconds }: SystemResults, name: string): readonly (number | undefined)[] {
  return seconds.get(name) ?? [];
}

/** How many times as fast the baseline is. */
function ratio(result: SystemResults, baseline: SystemResults, name: string): string {
  if (result === baseline) return "";
  const spread = pairwiseRatios(roundsOf(result, name), roundsOf(baseline, name));
  return spread === null ? "" : ` ${formatRatio(spread)}`;
}

function formatRatio({ median, least, most }: Spread): string {
  const range = least === most ? "" : ` (${format(least)}–${format(most)})`;
  return `×${format(median)}${range}`;
}

/** Three digits, or the whole number. */
function format(value: number): string {
  if (value >= 99.95) return Math.round(value).toLocaleString("en-US");
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)];
}
