import { LOWERCASE } from "./tables.ts";

let basic: Uint16Array | null = null; // [0x10000], the lower case of each code point of the basic plane
const astral = new Map<number, number>();

function decode(): Uint16Array {
  const table = new Uint16Array(0x10000);
  for (let c = 0; c < 0x10000; c++) table[c] = c;
  const fields = LOWERCASE.split(",");
  let start = 0;
  for (let i = 0; i + 3 < fields.length; i += 4) {
    start += Number.parseInt(fields[i]!, 36);
    const count = Number.parseInt(fields[i + 1]!, 36);
    const step = Number.parseInt(fields[i + 2]!, 36);
    const delta = Number.parseInt(fields[i + 3]!, 36);
    for (let k = 0; k < count; k++) {
      const c = start + k * step;
      if (c < 0x10000) table[c] = c + delta;
      else astral.set(c, c + delta);
    }
  }
  basic = table;
  return table;
}

/** U+0130, the one code point that becomes two: i and U+0307. */
export const CAPITAL_I_WITH_DOT = 0x130;
export const COMBINING_DOT_ABOVE = 0x307;

/**
 * The lower case of one code point, as Rust's `char::to_lowercase`: no rule looks at the neighbours, so a
 * final Σ becomes σ. U+0130 becomes i here; its second code point is the caller's ({@link CAPITAL_I_WITH_DOT}).
 */
export function lowercase(codePoint: number): number {
  const table = basic ?? decode();
  if (codePoint < 0x10000) return codePoint === CAPITAL_I_WITH_DOT ? 0x69 : table[codePoint]!;
  return astral.get(codePoint) ?? codePoint;
}
