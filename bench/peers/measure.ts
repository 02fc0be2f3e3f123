/** The measurements of one model: agreement first, then every system in turn, round after round. */
import {
  type Agreement,
  compareEmbeddings,
  decodeEmbeddings,
  disagreement,
  type Embeddings,
} from "./agreement.ts";
import { Driver } from "./driver.ts";
import { availableMemory } from "./machine.ts";
import type { PeerModel } from "./models.ts";
import type { PeerOptions } from "./options.ts";
import { median } from "./statistics.ts";
import type { System } from "./systems.ts";
import { type Corpora, spread, textsOfLength } from "./texts.ts";

export const BATCH_SIZE = 32;
export const LENGTHS = [8, 32, 128, 512] as const;

/** What is embedded again and again. */
export interface Workload {
  readonly name: string;
  readonly texts: readonly string[];
  readonly tokens: number;
  /** How long a system is measured in a round, unless one pass over the texts takes longer. */
  readonly seconds: number;
}

export interface SystemResults {
  readonly system: System;
  description: string;
  /** Why it was measured no further. */
  failure: string | null;
  /** With the reference, and with the first system of sentensor. */
  readonly agreement: { reference: Agreement | null; ours: Agreement | null };
  /** Seconds of one pass by round, by `measureName`. */
  readonly seconds: Map<string, (number | undefined)[]>;
  peakBytes: number | null;
}

export interface ModelResults {
  readonly model: PeerModel;
  /** The name of the system whose embeddings the others were compared with. */
  readonly reference: string;
  readonly workloads: Readonly<Record<"short" | "mixed", Workload>> & {
    readonly single: readonly Workload[];
  };
  readonly systems: readonly SystemResults[];
}

export const FIRST_EMBEDDING = "first embedding";

export const measureName = (workload: Workload, threads: number) => `${workload.name}, threads: ${threads}`;

/** Beyond this a system is measured in fewer rounds, two at least: the slowest take ten times as long as the rest. */
const SECONDS_OF_A_MEASURE = 15;

/** Small, and of sorted texts: padding 28 texts to the longest took e5-large over five minutes. */
const AGREEMENT_BATCH_SIZE = 8;

type Log = (line: string) => void;

export async function measureModel(
  model: PeerModel,
  systems: readonly System[],
  corpora: Corpora,
  options: PeerOptions,
  log: Log,
): Promise<ModelResults> {
  checkMemory(model, systems);
  const ours = systems.find(({ kind }) => kind === "sentensor")!;
  const workloads = await prepareWorkloads(model, ours, corpora, options);
  const results = systems.map(
    (system): SystemResults => ({
      system,
      description: "",
      failure: null,
      agreement: { reference: null, ours: null },
      seconds: new Map(),
      peakBytes: null,
    }),
  );
  const texts = [
    ...spread(corpora.short, 24),
    ...spread(corpora.mixed, 4),
    ...workloads.single.at(-1)!.texts,
  ].sort((a, b) => a.length - b.length);
  log(`${model.name}: agreement`);
  const reference = await checkAgreement(model, results, texts, options, log);
  for (const threads of options.threads) {
    log(`${model.name}: speed, threads: ${threads}`);
    await measureThroughput(model, results, workloads, threads, options, log);
  }
  log(`${model.name}: first embeddings`);
  await measureFirstEmbedding(model, results, Math.max(...options.threads), options, log);
  return { model, reference, workloads, systems: results };
}

/** Of the processes of a round, which all have the model in memory: twice the weights, and 300 MB, from experience. */
function checkMemory(model: PeerModel, systems: readonly System[]): void {
  const needed = systems.reduce((sum, { weights }) => sum + 2 * (model.bytes[weights] ?? 0) + 300e6, 0);
  const available = availableMemory();
  if (needed > available) {
    throw new Error(
      `${model.name}: ${systems.length} systems at once need about ${(needed / 1e9).toFixed(1)} GB of memory, ` +
        `of which ${(available / 1e9).toFixed(1)} are free; --systems measures fewer at once`,
    );
  }
}

async function prepareWorkloads(
  model: PeerModel,
  system: System,
  corpora: Corpora,
  options: PeerOptions,
): Promise<ModelResults["workloads"]> {
  const { quick } = options;
  const driver = new Driver(system.name, system.start(1), options.timeoutSeconds);
  try {
    await driver.request("load", system.load(model, 1));
    const count = async (texts: readonly string[]) => (await driver.request("count", { texts })).counts;
    const workload = async (name: string, texts: readonly string[], seconds: number): Promise<Workload> => {
      const tokens = (await count(texts)).reduce((sum, tokens) => sum + tokens, 0);
      return { name, texts, tokens, seconds: quick ? 0 : seconds };
    };
    const single = await textsOfLength(LENGTHS, corpora.mixed, count);
    return {
      short: await workload("short", spread(corpora.short, quick ? 32 : 256), 1),
      mixed: await workload("mixed", spread(corpora.mixed, quick ? 8 : 64), 1),
      single: await Promise.all(single.map((text, i) => workload(`${LENGTHS[i]} tokens`, [text], 0.3))),
    };
  } finally {
    await driver.close();
  }
}

/** Loads each system by itself, and marks those as failed that do not embed as the reference does. */
async function checkAgreement(
  model: PeerModel,
  results: readonly SystemResults[],
  texts: readonly string[],
  options: PeerOptions,
  log: Log,
): Promise<string> {
  const embeddings = new Map<SystemResults, Embeddings>();
  for (const result of results) {
    const { system } = result;
    if (model.bytes[system.weights] === undefined) {
      result.failure = `the model has no ${system.weights} file`;
      continue;
    }
    await attempt(result, log, async () => {
      const driver = new Driver(system.name, system.start(1), options.timeoutSeconds);
      try {
        result.description = (await driver.request("load", system.load(model, 1))).description;
        const reply = await driver.request("embed", { texts, batchSize: AGREEMENT_BATCH_SIZE });
        embeddings.set(result, decodeEmbeddings(reply));
      } finally {
        await driver.close();
      }
    });
  }
  const ours = results.find(({ system }) => system.kind === "sentensor")!;
  const python = results.find((result) => result.system.kind === "python" && embeddings.has(result));
  const reference = python ?? ours;
  const oracle = embeddings.get(reference);
  if (oracle === undefined) throw new Error(`${reference.system.name}: ${reference.failure}`);
  for (const [result, own] of embeddings) {
    await attempt(result, log, async () => {
      result.agreement.reference = compareEmbeddings(own, oracle);
      const sentensor = embeddings.get(ours);
      if (sentensor !== undefined) result.agreement.ours = compareEmbeddings(own, sentensor);
      const wrong = disagreement(result.agreement.reference, result.system.quantized);
      if (wrong !== null) throw new Error(`does not embed as ${reference.system.name} does: ${wrong}`);
    });
  }
  return reference.system.name;
}

async function measureThroughput(
  model: PeerModel,
  results: readonly SystemResults[],
  { short, mixed, single }: ModelResults["workloads"],
  threads: number,
  options: PeerOptions,
  log: Log,
): Promise<void> {
  const drivers = new Map<SystemResults, Driver>();
  const time = async (driver: Driver, { texts, seconds }: Workload) =>
    (await driver.request("time", { texts, batchSize: BATCH_SIZE, minSeconds: seconds })).passes;
  try {
    for (const result of results) {
      if (result.failure !== null) continue;
      const { system } = result;
      const driver = new Driver(system.name, system.start(threads), options.timeoutSeconds);
      drivers.set(result, driver);
      await attempt(result, log, async () => {
        await driver.request("load", system.load(model, threads));
        await time(driver, short);
        await time(driver, single.at(-1)!);
      });
    }
    for (let round = 0; round < options.runs; round++) {
      for (const workload of [short, mixed, ...single]) {
        const turn = round % 2 === 0 ? results : results.toReversed();
        for (const result of turn) {
          const rounds = roundsOf(result, measureName(workload, threads));
          if (result.failure !== null || tookEnough(rounds)) continue;
          await attempt(result, log, async () => {
            rounds[round] = median(await time(drivers.get(result)!, workload));
          });
        }
      }
      log(`  round ${round + 1} of ${options.runs}`);
    }
    for (const [result, driver] of drivers) {
      await attempt(result, log, async () => {
        result.peakBytes = (await driver.request("memory")).peakBytes;
      });
    }
  } finally {
    await Promise.all([...drivers.values()].map((driver) => driver.close()));
  }
}

/** From the start of a fresh process to the first embedding, the files being in the page cache. */
async function measureFirstEmbedding(
  model: PeerModel,
  results: readonly SystemResults[],
  threads: number,
  options: PeerOptions,
  log: Log,
): Promise<void> {
  for (let round = 0; round < options.runs; round++) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const { system, failure } = result;
      const rounds = roundsOf(result, FIRST_EMBEDDING);
      if (failure !== null || tookEnough(rounds)) continue;
      await attempt(result, log, async () => {
        const started = performance.now();
        const driver = new Driver(system.name, system.start(threads), options.timeoutSeconds);
        try {
          const texts = ["How long until the first embedding?"];
          const loaded = driver.request("load", system.load(model, threads));
          const embedded = driver.request("embed", { texts, batchSize: 1 });
          await Promise.all([loaded, embedded]);
          rounds[round] = (performance.now() - started) / 1000;
        } finally {
          await driver.close();
        }
      });
    }
    log(`  round ${round + 1} of ${options.runs}`);
  }
}

function roundsOf({ seconds }: SystemResults, measure: string): (number | undefined)[] {
  const rounds = seconds.get(measure) ?? [];
  seconds.set(measure, rounds);
  return rounds;
}

function tookEnough(rounds: readonly (number | undefined)[]): boolean {
  const measured = rounds.filter((seconds) => seconds !== undefined);
  const total = measured.reduce((sum, seconds) => sum + seconds, 0);
  return measured.length >= 2 && total + measured.at(-1)! > SECONDS_OF_A_MEASURE;
}

/** What fails is told and not measured further; the others go on. */
async function attempt(result: SystemResults, log: Log, action: () => Promise<void>): Promise<void> {
  if (result.failure !== null) return;
  try {
    await action();
  } catch (error) {
    result.failure = (error as Error).message;
    log(`failed: ${result.system.name}: ${result.failure}`);
  }
}
