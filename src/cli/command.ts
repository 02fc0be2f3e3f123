import type { TextOutput } from "./text-output.ts";

/** What a command has to do with: the process, or what a test puts in its place. */
export interface Context {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Raised when the user wants it to end: with an `Interrupted`. */
  readonly signal: AbortSignal;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** As in "encode MODEL TEXT…". */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** What `--help` prints below the usage. */
  readonly help: string;
  /** @throws UsageError where the arguments are wrong. */
  run(argv: readonly string[], context: Context): Promise<void>;
}
