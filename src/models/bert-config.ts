import type { ConfigReader } from "../files/config-reader.ts";
import type { ActivationName } from "../tensor/backend.ts";
import { checkHeadCount, type EncoderConfig, readActivation, readPadTokenId } from "./config.ts";

/** The configuration of BERT, and of the families that took over its keys: RoBERTa, XLM-R, CamemBERT, MPNet. */
export interface BertConfig extends EncoderConfig {
  readonly intermediateSize: number;
  readonly activation: ActivationName | null;
  readonly layerNormEps: number;
  /** Rows of the position table. */
  readonly maxPositions: number;
}

/** What a family takes where config.json says nothing. */
export interface BertDefaults {
  readonly padTokenId?: number;
  readonly typeVocabSize?: number;
}

/** Positions count from 0 on here; families with others change `maxSequenceLength`. */
export function readBertConfig(
  reader: ConfigReader,
  modelType: string,
  { padTokenId = 0, typeVocabSize = 2 }: BertDefaults = {},
): BertConfig {
  reader.refuseUnless("position_embedding_type", ["absolute"]);
  reader.refuseUnless("is_decoder", [false]);
  reader.refuseUnless("add_cross_attention", [false]);
  reader.refuseUnless("is_encoder_decoder", [false]);
  // Written by a few converters of compressed models; the projections that it implies are not here.
  reader.refuseUnless("embedding_size", [reader.json.hidden_size]);
  const maxPositions = reader.integer("max_position_embeddings", { minimum: 1 });
  const config: BertConfig = {
    modelType,
    vocabSize: reader.integer("vocab_size", { minimum: 1 }),
    hiddenSize: reader.integer("hidden_size", { minimum: 1 }),
    layerCount: reader.integer("num_hidden_layers"),
    headCount: reader.integer("num_attention_heads", { minimum: 1 }),
    intermediateSize: reader.integer("intermediate_size", { minimum: 1 }),
    activation: readActivation(reader, "hidden_act", "gelu"),
    layerNormEps: reader.number("layer_norm_eps", 1e-12),
    maxPositions,
    maxSequenceLength: maxPositions,
    typeVocabSize: reader.integer("type_vocab_size", { fallback: typeVocabSize }),
    padTokenId: readPadTokenId(reader, padTokenId),
  };
  checkHeadCount(reader, config, "num_attention_heads", "hidden_size");
  return config;
}
