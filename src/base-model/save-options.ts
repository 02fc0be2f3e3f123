import type { SavedDType } from "../modules/save-weights.ts";
import type { OptionNames } from "../runtime/check-options.ts";

export interface SaveOptions {
  /** How weights are stored. Default: "float32", which loses nothing of what was computed with. */
  readonly dtype?: SavedDType | undefined;
  /** The text of README.md. Default: the model card of the model that was loaded, else a short one. */
  readonly modelCard?: string | undefined;
  /** False: README.md is neither written nor replaced. Default: true. */
  readonly createModelCard?: boolean | undefined;
}

export const saveOptionNames: OptionNames<SaveOptions> = {
  dtype: true,
  modelCard: true,
  createModelCard: true,
};
