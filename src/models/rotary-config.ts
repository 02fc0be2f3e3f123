/** What config.json says about rotary positions, in its old spelling and in that of transformers 5. */
import { FormatError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import {
  defaultFrequencies,
  linearFrequencies,
  llama3Frequencies,
  type RotaryFrequencies,
  yarnAttentionFactor,
  yarnFrequencies,
} from "../nn/rotary.ts";

export interface RotaryConfigOptions {
  readonly headDim: number;
  /** The base where the file gives none. */
  readonly defaultBase: number;
  /** Layers of which kind: files of transformers 5 may have parameters for each. */
  readonly layerType?: "full_attention" | "sliding_attention";
}

/**
 * The frequencies by `rope_parameters`, or `rope_theta` and `rope_scaling`.
 *
 * @throws UnsupportedError for a rope_type that is not known, as "dynamic", which depends on the longest text of a batch
 */
export function readRotaryFrequencies(
  reader: ConfigReader,
  { headDim, defaultBase, layerType }: RotaryConfigOptions,
): RotaryFrequencies {
  if (headDim % 2 !== 0) {
    throw new FormatError(`expected heads of an even size for rotary positions, found ${headDim}`, {
      code: "invalid-value",
      subject: "head_dim",
      file: reader.file,
    });
  }
  const parameters = rotaryParameters(reader, layerType);
  parameters.refuseUnless("partial_rotary_factor", [1]);
  reader.refuseUnless("partial_rotary_factor", [1]);
  const base = parameters.number(
    "rope_theta",
    reader.has("rope_theta") ? reader.number("rope_theta") : defaultBase,
  );
  const type = parameters.string("rope_type", parameters.string("type", "default"));
  switch (type) {
    case "default":
      return defaultFrequencies(base, headDim);
    case "linear":
      return linearFrequencies(base, headDim, parameters.number("factor"));
    case "llama3":
      return llama3Frequencies(base, headDim, {
        factor: parameters.number("factor"),
        lowFreqFactor: parameters.number("low_freq_factor"),
        highFreqFactor: parameters.number("high_freq_factor"),
        originalMaxPositions: originalMaxPositions(reader, parameters),
      });
    case "yarn": {
      const original = originalMaxPositions(reader, parameters);
      const optional = (key: string): number | undefined =>
        parameters.has(key) ? parameters.number(key) : undefined;
      const factor = optional("factor") ?? reader.integer("max_position_embeddings") / original;
      return yarnFrequencies(base, headDim, {
        factor,
        originalMaxPositions: original,
        betaFast: optional("beta_fast") || 32,
        betaSlow: optional("beta_slow") || 1,
        truncate: parameters.boolean("truncate", true),
        attentionFactor:
          optional("attention_factor") ??
          yarnAttentionFactor(factor, optional("mscale"), optional("mscale_all_dim")),
      });
    }
    default:
      throw new UnsupportedError(`rope_type "${type}" is not supported`, {
        code: "unsupported-setting",
        subject: parameters.pathOf(parameters.has("rope_type") ? "rope_type" : "type"),
        file: reader.file,
      });
  }
}

/** The settings that count for these layers. transformers takes `rope_scaling` where a file has both, as here. */
function rotaryParameters(reader: ConfigReader, layerType: string | undefined): ConfigReader {
  const key = ["rope_scaling", "rope_parameters"].find(
    (name) => reader.has(name) && reader.object(name).keys().length > 0,
  );
  if (key === undefined) return new ConfigReader({}, reader.file, { path: "rope_parameters" });
  const all = reader.object(key);
  return layerType !== undefined && all.has(layerType) ? all.object(layerType) : all;
}

/** The length that the model was trained with first. */
function originalMaxPositions(reader: ConfigReader, parameters: ConfigReader): number {
  const key = "original_max_position_embeddings";
  if (reader.has(key)) return reader.integer(key, { minimum: 1 });
  if (parameters.has(key)) return parameters.integer(key, { minimum: 1 });
  return reader.integer("max_position_embeddings", { minimum: 1 });
}
