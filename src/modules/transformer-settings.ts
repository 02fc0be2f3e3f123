/**
 * sentence_bert_config.json: how a Transformer module uses its tokenizer and encoder. Every key that would change the
 * numbers is either followed or refused by name.
 * sentence-transformers v6.0.1, base/modules/transformer.py (`__init__`, `load_config`, `_load_init_kwargs`).
 */

import { FormatError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import type { JsonObject } from "../files/json-value.ts";
import { transformerSettings } from "../files/model-files.ts";
import { rejectQuantization } from "../models/unsupported-weights.ts";

const knownKeys: ReadonlySet<string> = new Set([
  "max_seq_length",
  "do_lower_case",
  "transformer_task",
  "modality_config",
  "module_output_name",
  "processing_kwargs",
  "unpad_inputs", // packed or padded: the vectors are the same
  "query_length",
  "document_length",
  "query_expansion",
  "model_args",
  "model_kwargs",
  "tokenizer_args",
  "processor_kwargs",
  "config_args",
  "config_kwargs",
  "cache_dir",
  "backend",
]);

/** Arguments of the model class that say where and how fast it computes, but not what. */
const placementArguments: ReadonlySet<string> = new Set([
  "trust_remote_code",
  "torch_dtype", // as the type that config.json names: weights are read as they are stored, sums are float32
  "dtype",
  "attn_implementation",
  "add_pooling_layer",
  "device_map",
  "low_cpu_mem_usage",
  "use_safetensors",
]);

export interface TransformerSettings {
  readonly lowercase: boolean;
  /** How many tokens texts are cut to; null: as the tokenizer's own files say. */
  readonly maxSeqLength: number | null;
  /** Values that stand over those of config.json. */
  readonly configChanges: JsonObject;
}

/** Those of a Transformer that is made of a plain transformers folder: the reference's constructor reads no file. */
export const defaultSettings: TransformerSettings = {
  lowercase: false,
  maxSeqLength: null,
  configChanges: {},
};

/** Those of a module's folder; the defaults where it has no such file, or only empty ones. */
export async function readTransformerSettings(source: FileSource): Promise<TransformerSettings> {
  const reader = await ConfigReader.firstFilled(source, transformerSettings);
  return reader === undefined ? defaultSettings : settingsFrom(reader);
}

function settingsFrom(reader: ConfigReader): TransformerSettings {
  reader.refuseOthers(knownKeys);
  const task = reader.string("transformer_task", "feature-extraction");
  if (task !== "feature-extraction") {
    throw new UnsupportedError(`transformer_task "${task}" is not supported`, {
      code: "unsupported-setting",
      subject: "transformer_task",
      file: reader.file,
    });
  }
  for (const key of ["query_length", "document_length", "query_expansion"]) reader.refuseUnless(key, []);
  checkModalities(reader);
  const processing = objectIn(reader, "processing_kwargs");
  for (const group of processing.keys()) {
    const settings = objectIn(processing, group);
    const [first] = settings.keys();
    if (first !== undefined) reject(reader, settings.pathOf(first));
  }
  const modelArguments = either(reader, "model_args", "model_kwargs");
  rejectQuantization(modelArguments);
  for (const key of modelArguments.keys()) {
    if (!placementArguments.has(key)) reject(reader, key, `the model's argument "${key}"`);
  }
  const { trust_remote_code: _, ...configChanges } = either(reader, "config_args", "config_kwargs").json;
  return {
    lowercase: reader.boolean("do_lower_case", false),
    maxSeqLength: tokenizerLimit(reader) ?? limit(reader, "max_seq_length"),
    configChanges,
  };
}

/** The only way from texts to features that an encoder of texts has. */
function checkModalities(reader: ConfigReader): void {
  if (!reader.has("modality_config")) return;
  const modalities = objectIn(reader, "modality_config");
  if (!reader.has("module_output_name")) {
    throw new FormatError('"module_output_name" is missing beside "modality_config"', {
      code: "missing-key",
      subject: "module_output_name",
      file: reader.file,
    });
  }
  reader.refuseUnless("module_output_name", ["token_embeddings"]);
  if (!modalities.has("text")) reject(reader, "modality_config", "a modality_config without text");
  if (modalities.has("message"))
    reject(reader, "modality_config.message", "modality_config.message (a chat template)");
  const text = objectIn(modalities, "text");
  text.refuseUnless("method", ["forward"]);
  text.refuseUnless("method_output_name", ["last_hidden_state"]);
}

/** `model_max_length` as an argument of the tokenizer: it stands over `max_seq_length`. */
function tokenizerLimit(reader: ConfigReader): number | null {
  const given = either(reader, "tokenizer_args", "processor_kwargs");
  for (const key of given.keys()) {
    if (key === "trust_remote_code" || key === "use_fast" || key === "model_max_length") continue;
    reject(reader, key, `the tokenizer's argument "${key}"`);
  }
  return limit(given, "model_max_length");
}

function limit(reader: ConfigReader, key: string): number | null {
  return reader.has(key) ? reader.integer(key, { minimum: 1 }) : null;
}

/** Arguments under their old or their new name; the reference lets the old one win. */
function either(reader: ConfigReader, oldKey: string, newKey: string): ConfigReader {
  return objectIn(reader, reader.has(oldKey) ? oldKey : newKey);
}

/** Without settings where the key has no value. */
function objectIn(reader: ConfigReader, key: string): ConfigReader {
  return reader.nullableObject(key) ?? new ConfigReader({}, reader.file, { path: reader.pathOf(key) });
}

function reject(reader: ConfigReader, subject: string, what = subject): never {
  throw new UnsupportedError(`${what} is not supported`, {
    code: "unsupported-setting",
    subject,
    file: reader.file,
  });
}
