import type { FileSource } from "../files/file-source.ts";
import type { FillOptions } from "../nn/fill.ts";
import type { Placement } from "../tensor/placement.ts";
import { fillAndPrepare } from "../tensor/record-kernels.ts";
import { withBackend } from "../tensor/select.ts";
import { discard, type Module } from "./module.ts";
import { declareModules, prepareModules } from "./registry.ts";
import { forwardTwoTokens } from "./two-tokens.ts";

/** What a model's modules depend on besides its files; plain data, but for the functions of `FillOptions`. */
export interface ModuleSettings {
  /** The class of the model: which modules a folder without modules.json stands for. */
  readonly modelType: string;
  readonly placement: Placement;
  /** How many tokens the user wants texts to be cut to; undefined: as the files say. */
  readonly maxSeqLength?: number | undefined;
}

/**
 * Loads the modules of a model.
 *
 * @param make called with the modules before their weights are read: what is wrong shows early
 */
export async function loadModules<T>(
  source: FileSource,
  { modelType, placement, maxSeqLength }: ModuleSettings,
  options: FillOptions,
  make: (modules: readonly Module[]) => T,
): Promise<T> {
  return await withBackend(placement, async (backend) => {
    const parts = await prepareModules(source, { modelType, maxSeqLength });
    const declared = await declareModules(parts, { backend, dtype: placement.dtype, filling: options });
    try {
      const modules = declared.map(({ module }) => module);
      const result = make(modules);
      await fillAndPrepare(
        backend,
        () => forwardTwoTokens(modules),
        async () => {
          for (const { fill, close } of declared) {
            await fill(options);
            await close();
          }
        },
      );
      return result;
    } catch (error) {
      await discard(declared);
      throw error;
    }
  });
}
