/** How embeddings are cut and compared: options, and what config_sentence_transformers.json says. */

import { UnsupportedError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import { checkWhole } from "../runtime/check-arguments.ts";
import {
  type SimilarityFunctionName,
  similarityFunctionNames,
} from "../similarity/similarity-function-name.ts";
import { checkSimilarityFunctionName } from "../similarity/similarity-functions.ts";

export interface EmbeddingSettings {
  readonly similarityFnName?: SimilarityFunctionName | undefined;
  readonly truncateDim?: number | undefined;
}

/**
 * The options win over the file. null: there is no file.
 *
 * @throws ArgumentError, UnsupportedError for what cannot be set
 */
export function settleEmbeddings(
  options: EmbeddingSettings,
  settings: ConfigReader | null,
): EmbeddingSettings {
  const saved = settings === null ? {} : readEmbeddingSettings(settings);
  const similarityFnName = options.similarityFnName ?? saved.similarityFnName;
  const truncateDim = options.truncateDim ?? saved.truncateDim;
  if (similarityFnName !== undefined) checkSimilarityFunctionName(similarityFnName);
  checkTruncateDim(truncateDim ?? null);
  return { similarityFnName, truncateDim };
}

function readEmbeddingSettings(settings: ConfigReader): EmbeddingSettings {
  return {
    similarityFnName: readSimilarity(settings),
    truncateDim: settings.has("truncate_dim") ? settings.integer("truncate_dim", { minimum: 1 }) : undefined,
  };
}

function readSimilarity(settings: ConfigReader): SimilarityFunctionName | undefined {
  if (!settings.has("similarity_fn_name")) return undefined;
  const name = settings.string("similarity_fn_name");
  const known = similarityFunctionNames.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new UnsupportedError(
      `similarity_fn_name "${name}" is not supported; known: ${similarityFunctionNames.join(", ")}`,
      { code: "unknown-similarity-function", subject: name, file: settings.file },
    );
  }
  return known;
}

/** null: all dimensions. @throws ArgumentError for what is neither that nor a whole number from 1 on */
export function checkTruncateDim(value: number | null): number | null {
  return value === null ? null : checkWhole(value, "truncateDim", 1);
}
