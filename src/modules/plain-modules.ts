/** The modules of a folder that has no modules.json: a model of transformers alone. */

import { ConfigReader } from "../files/config-reader.ts";
import { CONFIG } from "../files/model-files.ts";
import type { PoolingMode } from "../pooling/modes.ts";
import { type PrepareContext, type PreparedModule, withoutWeights } from "./module.ts";
import { Pooling } from "./pooling.ts";
import { Transformer } from "./transformer.ts";

type PlainContext = Pick<PrepareContext, "source" | "maxSeqLength">;

/** By the class that loads it. A class that is not listed needs modules.json. */
export const plainModules: ReadonlyMap<
  string,
  (context: PlainContext) => Promise<readonly PreparedModule[]>
> = new Map([["SentenceTransformer", prepareTransformerAndPooling]]);

async function prepareTransformerAndPooling(context: PlainContext): Promise<readonly PreparedModule[]> {
  const transformer = await Transformer.preparePlain(context);
  const embeddingDimension = transformer.embeddingDimension!;
  const poolingMode = plainPoolingMode(await ConfigReader.read(context.source, CONFIG));
  return [transformer, withoutWeights(new Pooling({ embeddingDimension, poolingMode }))];
}

/**
 * What the reference adds to a plain transformers model: mean pooling, or the last token where the model was made to
 * predict the next one. sentence-transformers v6.0.1, sentence_transformer/model.py (`_load_default_modules`).
 */
function plainPoolingMode(config: ConfigReader): PoolingMode {
  const architectures = config.get("architectures");
  const [architecture]: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const isCausal = config.hasOwn("is_causal") ? Boolean(config.get("is_causal")) : true;
  return String(architecture).endsWith("ForCausalLM") && isCausal ? "lasttoken" : "mean";
}
