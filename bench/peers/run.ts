/** npm run bench:peers: sentensor against what users would take instead, in turns, on the same texts. */
import { writeFileSync } from "node:fs";
import { killDrivers } from "./driver.ts";
import { installedBytes } from "./installed.ts";
import { machineLoad } from "./machine.ts";
import { type ModelResults, measureModel } from "./measure.ts";
import { type PeerOptions, parseOptions, USAGE } from "./options.ts";
import { checkPrerequisites, findPython, installedSystems } from "./prerequisites.ts";
import { publish } from "./publish.ts";
import { baselineOf, formatReport, type Report } from "./report.ts";
import { listSystems } from "./systems.ts";
import { readCorpora } from "./texts.ts";

async function run(options: PeerOptions): Promise<void> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const log = (line: string) => console.error(`${seconds().toFixed(0).padStart(4)} s  ${line}`);

  const load = machineLoad();
  if (load > 0.5) log(`warning: others are at work on this machine (load ${load.toFixed(1)}): expect noise`);
  const systems = installedSystems(listSystems(options, findPython(options, log)), log);
  const models = checkPrerequisites(options, systems, log);
  baselineOf(
    systems.map((system) => ({ system })),
    options,
  ); // a wrong name is told before minutes are spent
  const corpora = readCorpora(options.corpusFolder);
  const installed = await installedBytes(systems, options);

  const results: ModelResults[] = [];
  for (const model of models) results.push(await measureModel(model, systems, corpora, options, log));
  const report: Report = { options, models: results, installed, load, seconds: seconds() };
  process.stdout.write(formatReport(report));
  if (options.json !== undefined) writeFileSync(options.json, measurements(results));
  if (options.publish) publish(report);
  if (results.some((model) => model.systems.some(({ failure }) => failure !== null))) process.exitCode = 1;
}

/** Every single number, for whoever wants to reckon anew. */
function measurements(results: readonly ModelResults[]): string {
  const models = results.map(({ model, reference, workloads, systems }) => ({
    model: model.name,
    reference,
    workloads: [workloads.short, workloads.mixed, ...workloads.single].map(({ name, texts, tokens }) => ({
      ...{ name, texts: texts.length, tokens },
    })),
    systems: systems.map(({ system, seconds, ...rest }) => ({
      ...{ name: system.name, ...rest },
      seconds: Object.fromEntries(seconds),
    })),
  }));
  return `${JSON.stringify(models, null, 2)}\n`;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.error(`bench:peers: ended by ${signal}`);
    process.exit(130);
  });
}
process.once("exit", killDrivers);
try {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) console.log(USAGE);
  else await run(options);
} catch (error) {
  console.error(`bench:peers: ${(error as Error).message}`);
  process.exit(1);
}
