import { quote } from "../../files/quote.ts";
import { errorTerminal, type Terminal } from "../../runtime/environment.ts";

interface Amount {
  readonly loaded: number;
  readonly total: number;
}

const BAR = 30;

/** One line in a terminal for all downloads of a model: `Downloading |██████    | 45.1/90.9 MB, 15.2 MB/s` */
export class DownloadBar {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #files = new Map<string, Amount>();
  readonly #running = new Set<string>();
  #started: { readonly time: number; readonly loaded: number } | undefined;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** On stderr; undefined where that is no terminal. */
  static create(): DownloadBar | undefined {
    const terminal = errorTerminal();
    return terminal && new DownloadBar(terminal, () => performance.now());
  }

  update(file: string, loaded: number, total: number | undefined): void {
    this.#files.set(file, { loaded, total: total ?? loaded });
    this.#running.add(file);
    this.#draw(file);
  }

  /** The line is finished when nothing runs any more; files that follow get a new one. */
  ended(file: string): void {
    this.#running.delete(file);
    if (this.#running.size > 0 || this.#started === undefined) return;
    this.#terminal.write("\n");
    this.#files.clear();
    this.#started = undefined;
  }

  #draw(file: string): void {
    const amounts = [...this.#files.values()];
    const loaded = amounts.reduce((sum, amount) => sum + amount.loaded, 0);
    const total = amounts.reduce((sum, amount) => sum + amount.total, 0);
    this.#started ??= { time: this.#now(), loaded };
    const seconds = Math.max((this.#now() - this.#started.time) / 1000, 0.001);
    const rate = (loaded - this.#started.loaded) / seconds;
    const filled = total === 0 ? BAR : Math.round((BAR * loaded) / total);
    const bar = "█".repeat(filled).padEnd(BAR);
    const line = `Downloading |${bar}| ${megabytes(loaded)}/${megabytes(total)} MB, ${megabytes(rate)} MB/s, ${quote(file).slice(1, -1)}`;
    this.#terminal.write(`\r${line.slice(0, (this.#terminal.columns ?? 120) - 1)}\x1b[K`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
