import { CATEGORY_NAMES, GENERAL_CATEGORIES } from "./tables.ts";

/** Two-letter names of the general categories, in the order of their numbers. */
export const categoryNames: readonly string[] = CATEGORY_NAMES.split(" ");

let basic: Uint8Array | null = null; // [0x10000], the category's number
const starts: number[] = []; // of the runs beyond the basic plane, ascending
const numbers: number[] = [];

function decode(): Uint8Array {
  const table = new Uint8Array(0x10000);
  const fields = GENERAL_CATEGORIES.split(",");
  let position = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const number = Number.parseInt(fields[i]!, 36);
    const end = position + Number.parseInt(fields[i + 1]!, 36);
    if (position < 0x10000) table.fill(number, position, Math.min(end, 0x10000));
    if (end > 0x10000) {
      starts.push(Math.max(position, 0x10000));
      numbers.push(number);
    }
    position = end;
  }
  basic = table;
  return table;
}

/** The number of a code point's general category, an index of {@link categoryNames}, as Oniguruma sees it. */
export function generalCategory(codePoint: number): number {
  const table = basic ?? decode();
  if (codePoint < 0x10000) return table[codePoint]!;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= codePoint) low = middle + 1;
    else high = middle;
  }
  return numbers[low - 1]!;
}

/** The categories whose names begin with one of the prefixes, as bits 2^number. */
export function categoryMask(...prefixes: readonly string[]): number {
  let mask = 0;
  for (const [number, name] of categoryNames.entries()) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) mask |= 1 << number;
  }
  return mask;
}
