import { ConfigReader } from "../files/config-reader.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import { CONFIG } from "../files/model-files.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { normalizeRows } from "../tensor/ops/normalize-rows.ts";
import type { Features } from "./features.ts";
import { type Module, type PrepareContext, type PreparedModule, withoutWeights } from "./module.ts";

export interface NormalizeOptions {
  /** Default: "sentence_embedding". */
  readonly moduleInputName?: string | undefined;
  /** Default: the input's name. */
  readonly moduleOutputName?: string | undefined;
}

const optionNames: OptionNames<NormalizeOptions> = { moduleInputName: true, moduleOutputName: true };

/** Vectors of length 1. sentence-transformers v6.0.1, base/modules/normalize.py. */
export class Normalize implements Module {
  readonly type = "Normalize";
  readonly embeddingDimension = null;
  readonly inputName: string;
  readonly outputName: string;

  constructor(options: NormalizeOptions = {}) {
    options = readOptions("Normalize", options, optionNames);
    const { moduleInputName = "sentence_embedding", moduleOutputName = moduleInputName } = options;
    this.inputName = moduleInputName;
    this.outputName = moduleOutputName;
  }

  /** The folder is empty in most models, and git cannot hold an empty folder: neither need be there. */
  static async prepare({ source }: PrepareContext): Promise<PreparedModule> {
    if (!(await source.exists(CONFIG))) return withoutWeights(new Normalize());
    const reader = await ConfigReader.read(source, CONFIG);
    const moduleInputName = reader.string("module_input_name", "sentence_embedding");
    return withoutWeights(
      new Normalize({
        moduleInputName,
        moduleOutputName: reader.string("module_output_name", moduleInputName),
      }),
    );
  }

  forward(features: Features): void {
    if (features.has(this.inputName))
      features.set(this.outputName, normalizeRows(features.get(this.inputName)));
  }

  dispose(): void {}

  async save(target: FileTarget): Promise<void> {
    await writeJson(target, CONFIG, {
      module_input_name: this.inputName,
      module_output_name: this.outputName,
    });
  }
}
