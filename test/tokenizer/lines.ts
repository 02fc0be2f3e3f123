/** The texts of test/fixtures/tokenizers/lines.py: the same seed gives the same lines in both languages. */
import { readFileSync } from "node:fs";

const data = JSON.parse(
  readFileSync(new URL("../fixtures/tokenizers/lines.json", import.meta.url), "utf8"),
) as { readonly ranges: readonly (readonly [number, number])[]; readonly words: readonly string[] };

/** Mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function randomLine(below: (n: number) => number): string {
  let line = "";
  for (let pieces = 1 + below(12); pieces > 0; pieces--) {
    if (below(4) < 2) {
      line += data.words[below(data.words.length)]!;
    } else {
      const [first, last] = data.ranges[below(data.ranges.length)]!;
      for (let n = 1 + below(6); n > 0; n--) line += String.fromCodePoint(first + below(last - first + 1));
    }
    if (below(3) > 0) line += " ";
  }
  return line;
}

export function randomLines(seed: number, count: number): string[] {
  const below = generator(seed);
  return Array.from({ length: count }, () => randomLine(below));
}

/** Every code point once, 64 a line in two words; planes that are empty are left out. */
export function blockLines(): string[] {
  const lines: string[] = [];
  for (let start = 0; start < 0x110000; start += 64) {
    const empty =
      (start >= 0xd800 && start <= 0xdfff) ||
      (start >= 0x32000 && start < 0xe0000) ||
      start >= 0x100000 ||
      (start >= 0xf0100 && start < 0xfff00);
    if (empty) continue;
    const points = Array.from({ length: 64 }, (_, i) => String.fromCodePoint(start + i));
    lines.push(`${points.slice(0, 32).join("")} a${points.slice(32).join("b")}`);
  }
  return lines;
}
