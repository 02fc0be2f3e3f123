#!/usr/bin/env node
/** The command line: finds the command, and turns what goes wrong into one line and an exit code. */
import { readFileSync } from "node:fs";
import { SentensorError } from "../errors.ts";
import type { Command } from "./command.ts";
import { encode } from "./commands/encode.ts";
import { inspect } from "./commands/inspect.ts";
import { similarity } from "./commands/similarity.ts";
import { tokenize } from "./commands/tokenize.ts";
import { UsageError } from "./usage-error.ts";

const commands: readonly Command[] = [encode, similarity, tokenize, inspect];

const USAGE_EXIT_CODE = 2;

function help(): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    "sentensor: sentence embeddings, with the numbers of sentence-transformers",
    "",
    "Usage:",
    ...commands.map(({ usage, summary }) => `  sentensor ${usage.padEnd(width)}  ${summary}`),
    "",
    "sentensor COMMAND --help tells more; sentensor --version prints the version.",
    "MODEL is a folder, or an http(s) address under which its files lie.",
    "",
  ].join("\n");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? process.stderr : process.stdout).write(help());
    return name === undefined ? USAGE_EXIT_CODE : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new UsageError(
      `there is no command "${name}"; known: ${commands.map((known) => known.name).join(", ")}`,
    );
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`Usage: sentensor ${command.usage}\n\n${command.help}\n`);
    return 0;
  }
  await command.run(rest);
  return 0;
}

/** `parseArgs` reports unknown and malformed options by these codes. */
function isParseError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS");
}

// A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError || isParseError(error)) {
    process.stderr.write(`sentensor: ${error.message}\n`);
    process.exitCode = USAGE_EXIT_CODE;
  } else if (error instanceof SentensorError) {
    process.stderr.write(`sentensor: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
