/** Where and with what was measured. */
import { execFileSync } from "node:child_process";
import { cpus, freemem, loadavg, release, type as systemName, totalmem } from "node:os";
import { REPOSITORY } from "./options.ts";

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(0)} GiB`;

export function describeMachine(): string {
  const processors = cpus();
  const kind = processors[0]?.model.trim() ?? "unknown processor";
  return `${processors.length} × ${kind}, ${gigabytes(totalmem())}, ${systemName()} ${release()} ${process.arch}`;
}

/** Processes that wanted a processor in the last minute, the measured ones not among them if asked early. */
export function machineLoad(): number {
  return loadavg()[0]!;
}

/** Bytes that new processes may take. */
export function availableMemory(): number {
  return freemem();
}

/** The commit that is checked out; "+" where files differ from it. */
export function describeCommit(): string {
  const git = (...args: readonly string[]) =>
    execFileSync("git", args, {
      cwd: REPOSITORY,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") === "" ? "" : "+");
  } catch {
    return "of no repository";
  }
}
