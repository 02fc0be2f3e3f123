/** The harness's end of a driver: a child process that holds one system (see drivers/serve.mjs). */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface DriverCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What the harness may ask, and what it hears. */
export interface Replies {
  readonly load: { readonly description: string };
  readonly embed: { readonly dimension: number; readonly base64: string };
  /** Seconds of each pass over the texts. */
  readonly time: { readonly passes: readonly number[] };
  readonly count: { readonly counts: readonly number[] };
  readonly memory: { readonly peakBytes: number };
  readonly installed: { readonly bytes: number };
}

interface Pending {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const MARK = "@bench ";
const living = new Set<Driver>();

/** Ends every driver at once: for when the harness itself must end. */
export function killDrivers(): void {
  for (const driver of living) driver.kill();
}

export class Driver {
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #timeoutSeconds: number;
  readonly #pending = new Map<number, Pending>();
  readonly #printed: string[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | null = null;
  #requests = 0;

  constructor(name: string, { program, args, environment }: DriverCommand, timeoutSeconds: number) {
    this.#name = name;
    this.#timeoutSeconds = timeoutSeconds;
    this.#child = spawn(program, args, { stdio: "pipe", env: { ...process.env, ...environment } });
    living.add(this);
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        living.delete(this);
        this.#fail(reason);
        resolve();
      };
      this.#child.on("error", (error) => end(error.message));
      this.#child.on("close", (code, signal) => end(`its process ended with ${signal ?? `code ${code}`}`));
    });
    this.#child.stdin.on("error", () => {}); // a process that ends says so by "close"
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#read(line));
    createInterface({ input: this.#child.stderr }).on("line", (line) => this.#note(line));
  }

  /** Requests are answered in order; several may wait. */
  request<C extends keyof Replies>(command: C, request: object = {}): Promise<Replies[C]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(`"${command}" took longer than ${this.#timeoutSeconds} s`);
        this.kill();
      }, this.#timeoutSeconds * 1000);
      this.#pending.set(id, { resolve, reject, timer });
      this.#child.stdin.write(`${JSON.stringify({ id, command, ...request })}\n`);
    });
  }

  /** Lets the process end, and ends it where it does not. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.kill(), 5000);
    await this.#ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #read(line: string): void {
    if (!line.startsWith(MARK)) {
      this.#note(line);
      return;
    }
    const { id, error, ...reply } = JSON.parse(line.slice(MARK.length));
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve(reply as never);
    else pending.reject(new Error(`${this.#name}: ${error}`));
  }

  #note(line: string): void {
    this.#printed.push(line);
    if (this.#printed.length > 12) this.#printed.shift();
  }

  /** Everything that waits hears why, and so does all that is asked later. */
  #fail(reason: string): void {
    this.#failure ??= new Error([`${this.#name}: ${reason}`, ...this.#printed].join("\n    "));
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#failure);
    }
    this.#pending.clear();
  }
}
