/** How far a long command is: a line on stderr that is written over and over, in terminals. */
import type { TextOutput } from "./text-output.ts";

/** Milliseconds between two lines. */
const BETWEEN = 100;

export class ProgressLine {
  readonly #output: TextOutput;
  readonly #label: string;
  #started = 0;
  /** How much was done when the clock was started. */
  #startFraction = 0;
  #startDone = 0;
  #written = 0;

  constructor(output: TextOutput, label: string) {
    this.#output = output;
    this.#label = label;
  }

  /** The clock starts now: what is done already does not count for the rate. */
  start(done: number, fraction: number | null): void {
    this.#started = performance.now();
    this.#startDone = done;
    this.#startFraction = fraction ?? 0;
  }

  /** @param fraction of the whole, from 0 to 1; null: nobody knows */
  update(done: number, fraction: number | null): void {
    if (!this.#output.isTerminal) return;
    const now = performance.now();
    if (now - this.#written < BETWEEN) return;
    this.#written = now;
    void this.#output.write(`\r${this.#describe(done, fraction, (now - this.#started) / 1000)}\x1b[K`);
  }

  /** Takes the line away. */
  close(): void {
    if (this.#written > 0) void this.#output.write("\r\x1b[K");
    this.#written = 0;
  }

  #describe(done: number, fraction: number | null, seconds: number): string {
    const rate = (done - this.#startDone) / Math.max(seconds, 1e-3);
    const parts = [
      `${this.#label} ${done.toLocaleString("en")} texts`,
      `${rate.toFixed(rate < 10 ? 1 : 0)}/s`,
    ];
    if (fraction !== null) {
      const advanced = fraction - this.#startFraction;
      const left = advanced > 0 ? duration((seconds / advanced) * (1 - fraction)) : "?";
      parts.push(`${Math.floor(100 * fraction)} %`, `${left} left`);
    } else {
      parts.push(duration(seconds));
    }
    return parts.join(", ");
  }
}

/** "1:02:03", "2:03" */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const padded = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(whole % 60)}` : `${minutes}:${padded(whole % 60)}`;
}
