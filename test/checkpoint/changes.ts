import fc from "fast-check";
import { concat, utf8 } from "./support.ts";

/** Bytes that parsers take notice of. */
const telling = fc.oneof(
  fc.constantFrom(...utf8('{}[]",:0123456789.-eE\\ n\n'), 0, 1, 127, 128, 255),
  fc.nat(255),
);

const replacement = fc.record({
  at: fc.nat(),
  removed: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(9) }),
  added: fc.array(telling, { minLength: 1, maxLength: 8 }),
});

/** The file with some bytes overwritten, removed or added. `within` limits the places to a range of it. */
export function anyChanges(
  file: Uint8Array,
  [start, end]: readonly [number, number] = [0, file.length],
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.array(replacement, { minLength: 1, maxLength: 4 }).map((replacements) => {
    let changed = concat([file]);
    for (const { at, removed, added } of replacements) {
      const position = start + (at % (end - start));
      const skipped = removed < 0 ? added.length : removed; // -1: as many as are added
      changed = concat([
        changed.subarray(0, position),
        Uint8Array.from(added),
        changed.subarray(position + skipped),
      ]);
    }
    return changed;
  });
}
