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
  run(argv: readonly string[]): Promise<void>;
}
