/** Weights that the reference does not use as they are stored: without what it adds to them, the numbers are others. */

import { UnsupportedError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { showJson } from "../files/json-value.ts";
import { ADAPTER } from "../files/model-files.ts";
import { fileNameIn } from "../files/relative-path.ts";

/**
 * Rejects a folder with an adapter: the reference adds it to the weights beside it, or to those of another model that
 * it names. sentence-transformers v6.0.1, base/modules/transformer.py (`_load_config`); transformers v5.18.0,
 * models/auto/auto_factory.py (`from_pretrained`).
 */
export async function rejectAdapter(source: FileSource): Promise<void> {
  if (!(await source.exists(ADAPTER))) return;
  throw new UnsupportedError(
    "adapters (PEFT) are not supported; merge the adapter into the weights (merge_and_unload of peft) and save the model",
    { code: "unsupported-adapter", subject: ADAPTER, file: fileNameIn(source.name, ADAPTER) },
  );
}

/**
 * Rejects quantized weights. `null` stands for none.
 * transformers v5.18.0, quantizers/auto.py (`get_hf_quantizer`).
 */
export function rejectQuantization(reader: ConfigReader): void {
  if (!reader.has("quantization_config")) return;
  const config = reader.object("quantization_config");
  const named = config.hasOwn("quant_method")
    ? ` (quant_method ${showJson(config.get("quant_method"))})`
    : "";
  throw new UnsupportedError(
    `quantization_config${named} is not supported; expected weights that are not quantized`,
    { code: "unsupported-quantization", subject: "quantization_config", file: reader.file },
  );
}
