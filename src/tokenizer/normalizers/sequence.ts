import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";

/** Several normalizers, one after the other. */
export class Sequence implements Normalizer {
  readonly normalizers: readonly Normalizer[];
  readonly characterwise: boolean;
  readonly separable: boolean;
  readonly reordersMarks: boolean;

  constructor(normalizers: readonly Normalizer[]) {
    this.normalizers = normalizers;
    this.characterwise = normalizers.every((normalizer) => normalizer.characterwise);
    this.separable = normalizers.every((normalizer) => normalizer.separable);
    this.reordersMarks = normalizers.some((normalizer) => normalizer.reordersMarks);
  }

  normalize(text: EditableText): void {
    for (const normalizer of this.normalizers) normalizer.normalize(text);
  }
}
