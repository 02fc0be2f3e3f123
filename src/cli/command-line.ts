/** The command line: finds the command, and turns what goes wrong into one line and an exit code. */
import { readFileSync } from "node:fs";
import { SentensorError } from "../errors.ts";
import type { Command, Context } from "./command.ts";
import { download } from "./commands/download.ts";
import { encode } from "./commands/encode.ts";
import { inspect } from "./commands/inspect.ts";
import { search } from "./commands/search.ts";
import { similarity } from "./commands/similarity.ts";
import { tokenize } from "./commands/tokenize.ts";
import { Interrupted } from "./interrupted.ts";
import { streamOutput } from "./text-output.ts";
import { UsageError } from "./usage-error.ts";

const commands: readonly Command[] = [encode, similarity, search, download, tokenize, inspect];

const FAILED = 1;
const WRONG_USAGE = 2;

function help(): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    "sentensor: sentence embeddings, with the numbers of sentence-transformers",
    "",
    "Usage:",
    ...commands.map(({ usage, summary }) => `  sentensor ${usage.padEnd(width)}  ${summary}`),
    "",
    "sentensor COMMAND --help tells more; sentensor --version prints the version.",
    "",
    'MODEL is a folder; the name of a model of the hub ("all-MiniLM-L6-v2", "org/name"); or an http(s) address',
    "under which its files lie.",
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 interrupted (Ctrl-C).",
    "",
  ].join("\n");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

async function run(argv: readonly string[], context: Context): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") {
    await context.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined) {
    await context.stderr.write(help());
    return WRONG_USAGE;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    await context.stdout.write(help());
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new UsageError(
      `unknown command "${name}"; known: ${commands.map((known) => known.name).join(", ")}`,
      { code: "unknown-command", subject: name },
    );
  }
  const options = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : rest.length);
  if (options.includes("--help") || options.includes("-h")) {
    await context.stdout.write(`Usage: sentensor ${command.usage}\n\n${command.help}\n`);
    return 0;
  }
  await command.run(rest, context);
  return 0;
}

/** `parseArgs` reports unknown and malformed options by these codes. */
function isParseError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
}

/** Does what the arguments say; the exit code. */
export async function main(): Promise<number> {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      if (controller.signal.aborted) process.exit(reason.exitCode); // asked twice: at once
      controller.abort(reason);
    });
  }
  // A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const stderr = streamOutput(process.stderr);
  const context: Context = {
    stdin: process.stdin,
    stdout: streamOutput(process.stdout),
    stderr,
    signal: controller.signal,
  };
  try {
    return await run(process.argv.slice(2), context);
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof UsageError || isParseError(error)) {
      await stderr.write(`sentensor: ${error.message}\n`);
      return WRONG_USAGE;
    }
    if (!(error instanceof SentensorError)) throw error;
    await stderr.write(`sentensor: ${error.message}\n`);
    return FAILED;
  }
}
