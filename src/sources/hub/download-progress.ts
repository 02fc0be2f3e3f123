import { DownloadBar } from "./download-bar.ts";
import type { DownloadingEvent } from "./options.ts";

/** Pieces arrive by the thousand; nobody can look at more than this. Milliseconds. */
const BETWEEN_EVENTS = 50;

/** Passes on how far downloads are: to the caller's function and to a bar on stderr. */
export class DownloadProgress {
  readonly #listener: ((event: DownloadingEvent) => void) | undefined;
  readonly #bar: DownloadBar | undefined;
  readonly #lastEvents = new Map<string, number>();

  constructor(listener: ((event: DownloadingEvent) => void) | undefined, showBar: boolean) {
    this.#listener = listener;
    this.#bar = showBar ? DownloadBar.create() : undefined;
  }

  /** The first and the last report of a file always go through. */
  report(file: string, loaded: number, total: number | undefined): void {
    const now = performance.now();
    const last = this.#lastEvents.get(file);
    if (last !== undefined && loaded !== total && now - last < BETWEEN_EVENTS) return;
    this.#lastEvents.set(file, now);
    this.#bar?.update(file, loaded, total);
    this.#listener?.({ status: "downloading", file, loaded, total });
  }

  /** A file is there, or will not come. */
  ended(file: string): void {
    this.#lastEvents.delete(file);
    this.#bar?.ended(file);
  }
}
