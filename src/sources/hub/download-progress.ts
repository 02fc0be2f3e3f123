import { quote } from "../../files/quote.ts";
import type { Terminal } from "../../runtime/environment.ts";
import { megabytes, ProgressDisplay } from "../../runtime/progress-display.ts";
import type { DownloadingEvent } from "./options.ts";

interface Amount {
  readonly loaded: number;
  readonly total: number;
}

/** Pieces arrive by the thousand; nobody can look at more than this. Milliseconds. */
const BETWEEN_EVENTS = 50;

/** Passes on how far downloads are: to the caller's function, and to one line for all files of a model. */
export class DownloadProgress {
  readonly #listener: ((event: DownloadingEvent) => void) | undefined;
  readonly #terminal: Terminal | undefined;
  readonly #lastEvents = new Map<string, number>();
  readonly #amounts = new Map<string, Amount>();
  readonly #running = new Set<string>();
  #display: ProgressDisplay | undefined;

  /** @param terminal undefined: nothing is shown */
  constructor(listener: ((event: DownloadingEvent) => void) | undefined, terminal: Terminal | undefined) {
    this.#listener = listener;
    this.#terminal = terminal;
  }

  /** The first and the last report of a file always go through. */
  report(file: string, loaded: number, total: number | undefined): void {
    const now = performance.now();
    const last = this.#lastEvents.get(file);
    if (last !== undefined && loaded !== total && now - last < BETWEEN_EVENTS) return;
    this.#lastEvents.set(file, now);
    this.#show(file, { loaded, total: total ?? loaded });
    this.#listener?.({ status: "downloading", file, loaded, total });
  }

  /** A file is there, or will not come. The line ends when nothing runs any more; files that follow get a new one. */
  ended(file: string): void {
    this.#lastEvents.delete(file);
    this.#running.delete(file);
    if (this.#running.size > 0) return;
    this.#display?.close();
    this.#display = undefined;
    this.#amounts.clear();
  }

  #show(file: string, amount: Amount): void {
    this.#amounts.set(file, amount);
    this.#running.add(file);
    let [done, total] = [0, 0];
    for (const each of this.#amounts.values()) {
      done += each.loaded;
      total += each.total;
    }
    if (this.#display === undefined) {
      this.#display = new ProgressDisplay(this.#terminal, "Downloading", megabytes);
      this.#display.start({ done });
    }
    this.#display.update({ done, total, detail: quote(file).slice(1, -1) });
  }
}
