/** What config.json says about an encoder. What we cannot run is refused by name. */

import { FormatError, UnsupportedError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import { activationByName, activationNames } from "../nn/activation.ts";
import type { ActivationName } from "../tensor/backend.ts";

/** What the encoders of the BERT family have in common, in config.json's names. */
export interface EncoderConfig {
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly intermediateSize: number;
  readonly activation: ActivationName | null;
  readonly layerNormEps: number;
  /** Rows of the position table. */
  readonly maxPositions: number;
  /** Rows of the token type table; 0 where the architecture has none. */
  readonly typeVocabSize: number;
  readonly padTokenId: number;
}

/** What an architecture takes where config.json says nothing. */
export interface EncoderDefaults {
  readonly padTokenId?: number;
  readonly typeVocabSize?: number;
}

/** The keys of BertConfig and those that share its names (RoBERTa, XLM-R, MPNet). */
export function readEncoderConfig(
  reader: ConfigReader,
  modelType: string,
  { padTokenId = 0, typeVocabSize = 2 }: EncoderDefaults = {},
): EncoderConfig {
  reader.refuseUnless("position_embedding_type", ["absolute"]);
  reader.refuseUnless("is_decoder", [false]);
  reader.refuseUnless("add_cross_attention", [false]);
  reader.refuseUnless("is_encoder_decoder", [false]);
  // Written by a few converters of compressed models; the projections that it implies are not here.
  reader.refuseUnless("embedding_size", [reader.json.hidden_size]);
  const config: EncoderConfig = {
    modelType,
    vocabSize: reader.integer("vocab_size", { minimum: 1 }),
    hiddenSize: reader.integer("hidden_size", { minimum: 1 }),
    layerCount: reader.integer("num_hidden_layers"),
    headCount: reader.integer("num_attention_heads", { minimum: 1 }),
    intermediateSize: reader.integer("intermediate_size", { minimum: 1 }),
    activation: readActivation(reader, "hidden_act", "gelu"),
    layerNormEps: reader.number("layer_norm_eps", 1e-12),
    maxPositions: reader.integer("max_position_embeddings", { minimum: 1 }),
    typeVocabSize: reader.integer("type_vocab_size", { fallback: typeVocabSize }),
    padTokenId: reader.has("pad_token_id") ? reader.integer("pad_token_id") : padTokenId,
  };
  if (config.hiddenSize % config.headCount !== 0) {
    throw new FormatError(
      `num_attention_heads ${config.headCount} does not divide hidden_size ${config.hiddenSize}`,
      { code: "invalid-value", subject: "num_attention_heads", file: reader.file },
    );
  }
  return config;
}

/** The kernel for an activation in transformers' spelling; null: the identity. */
export function readActivation(reader: ConfigReader, key: string, fallback: string): ActivationName | null {
  const name = reader.string(key, fallback);
  const activation = activationByName(name);
  if (activation === undefined) {
    throw new UnsupportedError(`${key} "${name}" is not supported; known: ${activationNames.join(", ")}`, {
      code: "unsupported-activation",
      subject: name,
      file: reader.file,
    });
  }
  return activation;
}
