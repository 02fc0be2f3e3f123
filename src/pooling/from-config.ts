/** What `1_Pooling/config.json` says, in its old and its new spelling. */

import { FormatError, UnsupportedError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import { type JsonValue, showJson } from "../files/json-value.ts";
import { isPoolingMode, type PoolingMode, poolingModes } from "./modes.ts";

export interface PoolingConfig {
  readonly embeddingDimension: number;
  /** Their results are concatenated in this order. */
  readonly modes: readonly PoolingMode[];
  readonly includePrompt: boolean;
}

/** In the order in which the reference concatenates them; versions before 5.4 wrote one boolean a mode. */
const legacyKeys: readonly (readonly [string, PoolingMode])[] = [
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_max_tokens", "max"],
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"],
  ["pooling_mode_weightedmean_tokens", "weightedmean"],
  ["pooling_mode_lasttoken", "lasttoken"],
];

const knownKeys: ReadonlySet<string> = new Set([
  "word_embedding_dimension",
  "embedding_dimension",
  "pooling_mode",
  "include_prompt",
  ...legacyKeys.map(([key]) => key),
]);

export function readPoolingConfig(reader: ConfigReader): PoolingConfig {
  reader.refuseOthers(knownKeys);
  const dimensionKey = reader.has("embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
  return {
    embeddingDimension: reader.integer(dimensionKey, { minimum: 1 }),
    modes: reader.hasOwn("pooling_mode") ? currentModes(reader) : legacyModes(reader),
    includePrompt: reader.boolean("include_prompt", true),
  };
}

/**
 * The same as JSON, in the spelling that every version of the reference reads, unless the modes stand in an order
 * that only the new one can say.
 */
export function poolingJson({
  embeddingDimension,
  modes,
  includePrompt,
}: PoolingConfig): Record<string, unknown> {
  const inLegacyOrder = legacyKeys.filter(([, mode]) => modes.includes(mode)).map(([, mode]) => mode);
  if (inLegacyOrder.join() !== modes.join()) {
    return {
      embedding_dimension: embeddingDimension,
      pooling_mode: modes,
      include_prompt: includePrompt,
    };
  }
  return {
    word_embedding_dimension: embeddingDimension,
    ...Object.fromEntries(legacyKeys.map(([key, mode]) => [key, modes.includes(mode)])),
    include_prompt: includePrompt,
  };
}

function currentModes(reader: ConfigReader): readonly PoolingMode[] {
  const value = reader.get("pooling_mode");
  const modes: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  if (modes.length === 0)
    throw new FormatError('"pooling_mode": expected at least one mode, found none', {
      code: "invalid-value",
      subject: "pooling_mode",
      file: reader.file,
    });
  return modes.map((mode) => {
    if (isPoolingMode(mode)) return mode;
    throw new UnsupportedError(
      `pooling mode ${showJson(mode)} is not supported; known: ${poolingModes.join(", ")}`,
      { code: "unknown-pooling-mode", subject: String(mode), file: reader.file },
    );
  });
}

function legacyModes(reader: ConfigReader): readonly PoolingMode[] {
  const modes = legacyKeys.filter(([key]) => reader.boolean(key, false)).map(([, mode]) => mode);
  return modes.length === 0 ? ["mean"] : modes;
}
