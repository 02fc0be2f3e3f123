/** A progress bar on stderr, where that is a terminal; elsewhere nothing. */
import { errorTerminal } from "./environment.ts";

const WIDTH = 30;

export interface ProgressBar {
  update(done: number, total: number): void;
  /** Ends the line. */
  close(): void;
}

const silent: ProgressBar = { update() {}, close() {} };

export function createProgressBar(label: string): ProgressBar {
  const terminal = errorTerminal();
  if (terminal === undefined) return silent;
  const started = performance.now();
  let shown = false;
  return {
    update(done, total) {
      const seconds = (performance.now() - started) / 1000;
      const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
      const bar = "█".repeat(filled).padEnd(WIDTH);
      const left = done === 0 ? "?" : formatSeconds((seconds / done) * (total - done));
      const rate = (done / Math.max(seconds, 1e-3)).toFixed(1);
      terminal.write(
        `\r${label} |${bar}| ${done}/${total} [${formatSeconds(seconds)}<${left}, ${rate}/s]\x1b[K`,
      );
      shown = true;
    },
    close() {
      if (shown) terminal.write("\n");
    },
  };
}

function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
