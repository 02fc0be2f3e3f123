import type { Normalizer } from "../component.ts";
import type { EditableText } from "../text/editable-text.ts";
import { applyDecomposition } from "./nfd.ts";

/** Compatibility decomposition, as of Unicode 9.0. */
export class NFKD implements Normalizer {
  readonly characterwise = true;
  readonly separable = true;
  readonly reordersMarks = true;

  normalize(text: EditableText): void {
    applyDecomposition(text, true);
  }
}
