/** How far something long is: a line in a terminal that is written over and over. */
import type { Terminal } from "./environment.ts";

/** What is counted. */
export interface ProgressUnit {
  readonly name: string;
  format(amount: number): string;
  /** @param rate an amount per second */
  formatRate(rate: number): string;
}

export const texts: ProgressUnit = {
  name: "texts",
  format: (count) => count.toLocaleString("en"),
  formatRate: (rate) => `${rate.toFixed(rate < 10 ? 1 : 0)}/s`,
};

export const megabytes: ProgressUnit = {
  name: "MB",
  format: (bytes) => (bytes / 1e6).toFixed(1),
  formatRate: (rate) => `${(rate / 1e6).toFixed(1)} MB/s`,
};

export interface ProgressState {
  readonly done: number;
  /** Of `done`; undefined: nobody knows. */
  readonly total?: number | undefined;
  /** How much of the whole that is, from 0 to 1, where the total is not known. */
  readonly fraction?: number | null | undefined;
  /** What is being done. */
  readonly detail?: string | undefined;
}

/** Milliseconds between two lines. */
const BETWEEN = 100;
const BAR = 30;

/**
 * One line, `Downloading |██████    | 45.1/90.9 MB, 15.2 MB/s, 0:03 left`, below those of others in the same terminal.
 * It stays when all is done, and goes where something ended it before.
 */
export class ProgressDisplay {
  readonly #lines: TerminalLines | undefined;
  readonly #label: string;
  readonly #unit: ProgressUnit;
  #started = performance.now();
  /** What was there when the clock was started. */
  #first: ProgressState = { done: 0 };
  #drawn: number | undefined;
  #isComplete = false;

  /** @param terminal undefined: nothing is shown */
  constructor(terminal: Terminal | undefined, label: string, unit: ProgressUnit) {
    this.#lines = terminal && linesOf(terminal);
    this.#label = label;
    this.#unit = unit;
  }

  /** The clock starts now: what is done already does not count for the rate. */
  start(state: ProgressState): void {
    this.#started = performance.now();
    this.#first = state;
  }

  update(state: ProgressState): void {
    if (this.#lines === undefined) return;
    const now = performance.now();
    this.#isComplete = state.total !== undefined && state.done >= state.total;
    if (!this.#isComplete && this.#drawn !== undefined && now - this.#drawn < BETWEEN) return;
    this.#drawn = now;
    this.#lines.set(this, this.#describe(state, (now - this.#started) / 1000));
  }

  close(): void {
    if (this.#drawn !== undefined) this.#lines?.end(this, this.#isComplete);
    this.#drawn = undefined;
  }

  #describe({ done, total, fraction = null, detail }: ProgressState, seconds: number): string {
    const { format, formatRate, name } = this.#unit;
    const rate = (done - this.#first.done) / Math.max(seconds, 1e-3);
    const parts: string[] = [];
    if (total !== undefined) {
      const filled = total === 0 ? BAR : Math.round((BAR * done) / total);
      const bar = "█".repeat(filled).padEnd(BAR);
      parts.push(`${this.#label} |${bar}| ${format(done)}/${format(total)} ${name}`, formatRate(rate));
      parts.push(left((total - done) / rate));
    } else {
      parts.push(`${this.#label} ${format(done)} ${name}`, formatRate(rate));
      if (fraction === null) parts.push(duration(seconds));
      else {
        const advanced = fraction - (this.#first.fraction ?? 0);
        parts.push(`${Math.floor(100 * fraction)} %`, left((seconds / advanced) * (1 - fraction)));
      }
    }
    return [...parts, detail].filter((part) => part !== undefined).join(", ");
  }
}

function left(seconds: number): string {
  return `${seconds >= 0 && seconds < Number.POSITIVE_INFINITY ? duration(seconds) : "?"} left`;
}

/** "1:02:03", "2:03" */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const padded = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(whole % 60)}` : `${minutes}:${padded(whole % 60)}`;
}

/** The lines of all displays in a terminal, one below the other; the cursor is at the end of the last. */
class TerminalLines {
  readonly #terminal: Terminal;
  readonly #lines = new Map<ProgressDisplay, string>();
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  set(display: ProgressDisplay, line: string): void {
    this.#lines.set(display, line);
    this.#draw();
  }

  end(display: ProgressDisplay, stays: boolean): void {
    const line = this.#lines.get(display);
    this.#lines.delete(display);
    this.#draw(stays ? line : undefined);
  }

  /** @param finished goes above the others, and is not written over any more */
  #draw(finished?: string): void {
    const running = [...this.#lines.values()];
    const rows = finished === undefined ? running : [finished, ...running];
    if (rows.length === 0) rows.push("");
    const width = (this.#terminal.columns ?? 120) - 1;
    const up = this.#height > 1 ? `\x1b[${this.#height - 1}A` : "";
    const text = rows.map((row) => `${row.slice(0, width)}\x1b[K`).join("\n");
    const rest = rows.length < this.#height ? "\x1b[J" : "";
    const end = finished !== undefined && running.length === 0 ? "\n" : "";
    this.#terminal.write(`${up}\r${text}${rest}${end}`);
    this.#height = running.length;
  }
}

const terminals = new WeakMap<Terminal, TerminalLines>();

function linesOf(terminal: Terminal): TerminalLines {
  let lines = terminals.get(terminal);
  if (lines === undefined) {
    lines = new TerminalLines(terminal);
    terminals.set(terminal, lines);
  }
  return lines;
}
