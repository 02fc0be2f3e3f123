import { createProgressBar, type ProgressBar } from "../runtime/progress-bar.ts";

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
  readonly #bar: ProgressBar | null;
  #done = 0;
  #truncated = 0;

  constructor(total: number, { onProgress, showProgressBar = false }: Listeners) {
    this.#total = total;
    this.#onProgress = onProgress;
    this.#bar = showProgressBar ? createProgressBar("Texts") : null;
  }

  add(texts: number, truncated: number): void {
    this.#done += texts;
    this.#truncated += truncated;
    this.#onProgress?.(this.#done, this.#total, { truncated: this.#truncated });
    this.#bar?.update(this.#done, this.#total);
  }

  close(): void {
    this.#bar?.close();
  }
}
