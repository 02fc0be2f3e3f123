import { UnsupportedError } from "../../errors.ts";
import type { PostProcessor } from "../component.ts";
import type { Encoding } from "../encoding.ts";

/** Several post-processors, one after the other. */
export class Sequence implements PostProcessor {
  readonly processors: readonly PostProcessor[];

  constructor(processors: readonly PostProcessor[]) {
    this.processors = processors;
  }

  addedTokens(isPair: boolean): number {
    return this.processors.reduce((sum, processor) => sum + processor.addedTokens(isPair), 0);
  }

  process(encodings: readonly Encoding[], addSpecialTokens: boolean): readonly Encoding[] {
    let current = encodings;
    for (const processor of this.processors) {
      if (current.length > 2) {
        throw new UnsupportedError(
          "post_processor: a component after one that produces more than two encodings is not supported",
          { code: "unsupported-setting", subject: "post_processor" },
        );
      }
      current = processor.process(current, addSpecialTokens);
    }
    return current;
  }
}
