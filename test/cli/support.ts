/** Commands with something else than the process around them, and the command line as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Command } from "../../src/cli/command.ts";
import { builtCommandLine } from "../helpers/built.ts";

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  readonly isTerminal?: boolean;
}

export async function runCommand(
  command: Command,
  argv: readonly string[],
  { stdin = "", signal = new AbortController().signal, isTerminal = false }: RunOptions = {},
): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: isTerminal && name === "stderr",
    write: async (text: string | Uint8Array) => {
      written[name] += typeof text === "string" ? text : new TextDecoder().decode(text);
    },
  });
  const context = {
    stdin: piecesOf(stdin),
    stdout: output("stdout"),
    stderr: output("stderr"),
    signal,
  };
  await command.run(argv, context);
  return written;
}

/** A text in pieces that end anywhere, also inside a character. */
export async function* piecesOf(text: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  for (let start = 0; start < bytes.length; start += size) yield bytes.slice(start, start + size);
}

export function spawnCommandLine(...argv: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [builtCommandLine, ...argv]);
}

export interface Ended extends Ran {
  readonly code: number | null;
}

export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
