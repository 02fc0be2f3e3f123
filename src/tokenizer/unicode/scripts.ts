import { UNICODE_SCRIPTS } from "./tables.ts";

/** The number of what goes with every script. */
export const ANY_SCRIPT = 0;

const starts: number[] = []; // of runs, ascending
const numbers: number[] = [];

/** A number for the script of a code point, as the pre-tokenizer UnicodeScripts tells scripts apart. */
export function scriptOf(codePoint: number): number {
  if (starts.length === 0) decode();
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= codePoint) low = middle + 1;
    else high = middle;
  }
  return numbers[low - 1]!;
}

function decode(): void {
  const fields = UNICODE_SCRIPTS.split(",");
  let position = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    starts.push(position);
    numbers.push(Number.parseInt(fields[i]!, 36));
    position += Number.parseInt(fields[i + 1]!, 36);
  }
}
