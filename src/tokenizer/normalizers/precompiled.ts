import { FormatError } from "../../errors.ts";
import { byteLength, pushBytes } from "../byte-level.ts";
import type { Normalizer } from "../component.ts";
import { type EditableText, toCodePoints } from "../text/editable-text.ts";
import { clusterEnd } from "../unicode/graphemes.ts";

/** Clusters of fewer bytes than this are looked up as a whole. */
const CLUSTER_BYTES = 6;

/**
 * SentencePiece's own normalization: a trie over UTF-8 bytes, a double array as Darts writes it, that leads
 * to replacements (huggingface/spm_precompiled, src/lib.rs). A small grapheme cluster is looked up as a whole,
 * and the shortest prefix that is found replaces all of it; a large one character by character.
 */
export class Precompiled implements Normalizer {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array; // UTF-8, each ended by a NUL
  readonly #known = new Map<number, readonly number[]>(); // by where they begin
  readonly #ascii: (readonly number[] | null)[] = [];
  readonly characterwise = false;
  readonly separable: boolean;
  readonly reordersMarks = false;

  /** @throws FormatError where the bytes are no charsmap */
  constructor(charsmap: Uint8Array) {
    if (charsmap.length < 4) throw broken(`expected at least 4 bytes, found ${charsmap.length}`);
    const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.byteLength);
    const size = view.getUint32(0, true);
    const count = Math.floor(size / 4);
    if (count === 0 || 4 + count * 4 > charsmap.length) {
      throw broken(`expected a trie of ${size} bytes, found ${charsmap.length - 4}`);
    }
    this.#units = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#units[i] = view.getUint32(4 + i * 4, true);
    this.#replacements = charsmap.slice(4 + count * 4);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(this.#replacements);
    } catch (cause) {
      throw new FormatError("precompiled_charsmap: the replacements are not UTF-8", {
        code: "invalid-utf8",
        subject: "precompiled_charsmap",
        cause,
      });
    }
    for (let c = 0; c < 128; c++) this.#ascii.push(this.#lookUp([c]));
    this.separable = this.#ascii[0x20] === null;
  }

  normalize(text: EditableText): void {
    const source = text.text;
    const points: number[] = [];
    const changes: number[] = [];
    let modified = false;
    for (let i = 0; i < source.length; ) {
      const end = clusterEnd(source, i);
      const cluster = this.#cluster(source, i, end);
      if (cluster !== null) {
        modified = true;
        replace(points, changes, countCodePoints(source, i, end), cluster);
      } else {
        for (let k = i; k < end; ) {
          const codePoint = source.codePointAt(k)!;
          k += codePoint > 0xffff ? 2 : 1;
          const replacement = this.#character(codePoint);
          if (replacement === null) {
            points.push(codePoint);
            changes.push(0);
          } else {
            modified = true;
            replace(points, changes, 1, replacement);
          }
        }
      }
      i = end;
    }
    if (modified) text.transform({ points, changes });
  }

  /** What replaces a whole cluster, null where it is looked up character by character. */
  #cluster(text: string, start: number, end: number): readonly number[] | null {
    if (end - start === 1) return this.#character(text.charCodeAt(start));
    const bytes: number[] = [];
    for (let i = start; i < end; ) {
      const codePoint = text.codePointAt(i)!;
      i += codePoint > 0xffff ? 2 : 1;
      if (bytes.length + byteLength(codePoint) >= CLUSTER_BYTES) return null;
      pushBytes(codePoint, bytes);
    }
    return this.#lookUp(bytes);
  }

  #character(codePoint: number): readonly number[] | null {
    if (codePoint < 128) return this.#ascii[codePoint]!;
    const bytes: number[] = [];
    pushBytes(codePoint, bytes);
    return this.#lookUp(bytes);
  }

  /** The replacement of the shortest prefix that has one. */
  #lookUp(bytes: readonly number[]): readonly number[] | null {
    const units = this.#units;
    let position = offsetOf(units[0]!);
    for (const byte of bytes) {
      if (byte === 0) return null;
      position ^= byte;
      const unit = this.#unit(position);
      if ((unit & 0x800000ff) >>> 0 !== byte) return null;
      position ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.#replacement(this.#unit(position) & 0x7fffffff);
    }
    return null;
  }

  #unit(position: number): number {
    const index = position >>> 0;
    if (index >= this.#units.length) {
      throw broken(`the trie leads to unit ${index} of ${this.#units.length}`);
    }
    return this.#units[index]!;
  }

  #replacement(start: number): readonly number[] {
    let points = this.#known.get(start);
    if (points === undefined) {
      const bytes = this.#replacements;
      if (start > bytes.length || (bytes[start]! & 0xc0) === 0x80) {
        throw broken(`the trie leads to byte ${start} of the replacements`);
      }
      let end = bytes.indexOf(0, start);
      if (end < 0) end = bytes.length;
      points = toCodePoints(new TextDecoder().decode(bytes.subarray(start, end)));
      if (this.#known.size >= 65_536) this.#known.clear();
      this.#known.set(start, points);
    }
    return points;
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function broken(what: string): FormatError {
  return new FormatError(`precompiled_charsmap: ${what}`, {
    code: "invalid-value",
    subject: "precompiled_charsmap",
  });
}

function countCodePoints(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; count++) i += text.codePointAt(i)! > 0xffff ? 2 : 1;
  return count;
}

/** Notes that `removed` code points became others (tokenizers/src/normalizers/precompiled.rs). */
function replace(points: number[], changes: number[], removed: number, replacement: readonly number[]): void {
  for (const point of replacement) {
    points.push(point);
    changes.push(0);
  }
  const more = replacement.length - removed;
  if (more > 0) changes.fill(1, Math.max(0, changes.length - more));
  else if (more < 0 && changes.length > 0) changes[changes.length - 1]! += more;
}
