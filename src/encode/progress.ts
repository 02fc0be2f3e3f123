import { createProgressBar, type ProgressBar } from "../progress-bar.ts";
import type { EncodeOptions } from "./options.ts";

/** Counts the texts that are done, for the caller's function and for a bar. */
export class EncodeCounter {
  readonly #total: number;
  readonly #onProgress: EncodeOptions["onProgress"];
  readonly #bar: ProgressBar | null;
  #done = 0;
  #truncated = 0;

  constructor(
    total: number,
    { onProgress, showProgressBar = false }: Pick<EncodeOptions, "onProgress" | "showProgressBar">,
  ) {
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
