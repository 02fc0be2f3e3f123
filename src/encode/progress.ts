import { errorTerminal } from "../runtime/environment.ts";
import { ProgressDisplay, texts as unit } from "../runtime/progress-display.ts";

/** What is known while `encode` works. */
export interface EncodeProgress {
  /** How many of the texts that are done were longer than `maxSeqLength`, and lost their end. */
  readonly truncated: number;
}

/** Who is told. */
interface Listeners {
  readonly onProgress?: ((done: number, total: number, progress: EncodeProgress) => void) | undefined;
  readonly showProgressBar?: boolean | undefined;
}

/** Counts the texts that are done, for the caller's function and for a bar. */
export class EncodeCounter {
  readonly #total: number;
  readonly #onProgress: Listeners["onProgress"];
  readonly #bar: ProgressDisplay | null;
  #done = 0;
  #truncated = 0;

  constructor(total: number, { onProgress, showProgressBar = false }: Listeners) {
    this.#total = total;
    this.#onProgress = onProgress;
    this.#bar = showProgressBar ? new ProgressDisplay(errorTerminal(), "Encoding", unit) : null;
  }

  add(texts: number, truncated: number): void {
    this.#done += texts;
    this.#truncated += truncated;
    this.#onProgress?.(this.#done, this.#total, { truncated: this.#truncated });
    this.#bar?.update({ done: this.#done, total: this.#total });
  }

  close(): void {
    this.#bar?.close();
  }
}
