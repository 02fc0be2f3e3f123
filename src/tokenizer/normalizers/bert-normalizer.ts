import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { bertChinese, bertDropped, markNonspacing, whiteSpace } from "../unicode/categories.ts";
import { applyLowercase } from "./lowercase.ts";
import { applyDecomposition } from "./nfd.ts";

export interface BertNormalizerOptions {
  /** Drops control characters, turns all white space into U+0020. */
  readonly cleanText: boolean;
  /** Puts spaces around CJK ideographs. */
  readonly handleChineseChars: boolean;
  /** null: as `lowercase`. */
  readonly stripAccents: boolean | null;
  readonly lowercase: boolean;
}

/** BERT's cleaning (tokenizers/src/normalizers/bert.rs). */
export class BertNormalizer implements Normalizer {
  readonly #options: BertNormalizerOptions;
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks: boolean;

  constructor(options: BertNormalizerOptions) {
    this.#options = options;
    this.reordersMarks = options.stripAccents ?? options.lowercase;
  }

  normalize(text: EditableText): void {
    const { cleanText, handleChineseChars, stripAccents, lowercase } = this.#options;
    if (cleanText) clean(text);
    if (handleChineseChars) separateChinese(text);
    if (stripAccents ?? lowercase) stripMarks(text);
    if (lowercase) applyLowercase(text);
  }
}

const printableAscii = /^[\x20-\x7e]*$/;
const ascii = /^[\0-\x7f]*$/;

function clean(text: EditableText): void {
  if (printableAscii.test(text.text)) return;
  text.filter((codePoint) => !bertDropped.has(codePoint));
  text.map((codePoint) => (whiteSpace.has(codePoint) ? 0x20 : codePoint));
}

function separateChinese(text: EditableText): void {
  const points: number[] = [];
  const changes: number[] = [];
  let found = false;
  const source = text.text;
  for (let i = 0; i < source.length; ) {
    const codePoint = source.codePointAt(i)!;
    i += codePoint > 0xffff ? 2 : 1;
    if (codePoint >= 0x3400 && bertChinese.has(codePoint)) {
      found = true;
      points.push(0x20, codePoint, 0x20);
      changes.push(0, 1, 1);
    } else {
      points.push(codePoint);
      changes.push(0);
    }
  }
  if (found) text.transform({ points, changes });
}

function stripMarks(text: EditableText): void {
  if (ascii.test(text.text)) return;
  applyDecomposition(text, false);
  text.filter((codePoint) => !markNonspacing.has(codePoint));
}
