/** The user, or the system, wants the process to end. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
    // 128 + the signal's number, as shells say it.
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}
