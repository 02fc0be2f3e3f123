import { UnsupportedError } from "../errors.ts";
import type { FileTarget } from "../files/file-target.ts";
import type { Module } from "./module.ts";
import type { SavedDType } from "./save-weights.ts";

/** The spelling that every version of the reference reads. */
export function savedType(module: Module): string {
  return `sentence_transformers.models.${module.type}`;
}

export async function saveModule(module: Module, target: FileTarget, dtype: SavedDType): Promise<void> {
  if (module.save === undefined) {
    throw new UnsupportedError(`save: a module of type ${module.type} cannot be saved`, {
      code: "module-not-savable",
      subject: module.type,
    });
  }
  await module.save(target, dtype);
}
