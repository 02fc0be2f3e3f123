/**
 * The files that a model consists of, each named here and nowhere else. A model of several modules has a folder for
 * each of them; the first module's, as a rule, is the model's own.
 */

/** The modules in their order: types and folders. Without it, the folder is a plain transformers model. */
export const MODULES = "modules.json";

/** Prompts, similarity function and dimension of the whole model. */
export const MODEL_SETTINGS = "config_sentence_transformers.json";

/** The settings of one module: an encoder's shape, modes of pooling, sizes of a dense layer. */
export const CONFIG = "config.json";

/** The routes of a Router. Its first versions have them in `config.json`. */
export const ROUTER_CONFIG = "router_config.json";

/** How a Transformer uses tokenizer and encoder. */
export const TRANSFORMER_SETTINGS = "sentence_bert_config.json";

/** The first that is there, in the reference's order. All but the first are from its first versions. */
export const transformerSettings: readonly string[] = [
  TRANSFORMER_SETTINGS,
  "sentence_roberta_config.json",
  "sentence_distilbert_config.json",
  "sentence_camembert_config.json",
  "sentence_albert_config.json",
  "sentence_xlm-roberta_config.json",
  "sentence_xlnet_config.json",
];

/** Weights to be added to those of the model; rejected. */
export const ADAPTER = "adapter_config.json";

/** The whole tokenizer, or at least its vocabulary. */
export const TOKENIZER = "tokenizer.json";

/** The tokenizer's class and its arguments. */
export const TOKENIZER_CONFIG = "tokenizer_config.json";

/** Tokens with a role, of older models. */
export const SPECIAL_TOKENS_MAP = "special_tokens_map.json";

/** Tokens beside the vocabulary, of older models. */
export const ADDED_TOKENS = "added_tokens.json";

/** A template for conversations; rejected where it would be used. */
export const CHAT_TEMPLATE = "chat_template.jinja";

/** What a tokenizer may need besides its vocabulary. */
export const tokenizerSettings = [TOKENIZER_CONFIG, SPECIAL_TOKENS_MAP, ADDED_TOKENS];

/** Vocabularies in the formats of the algorithms' first programs: read where there is no `tokenizer.json`. */
export const vocabularies = [
  "vocab.txt", // WordPiece
  "vocab.json", // BPE
  "merges.txt", // BPE
  "sentencepiece.bpe.model",
  "spiece.model",
  "spm.model",
  "tokenizer.model",
] as const;

export type VocabularyFile = (typeof vocabularies)[number];

/** Weights in the format in which they are saved. */
export const WEIGHTS = "model.safetensors";

export interface WeightFile {
  readonly file: string;
  readonly format: "safetensors" | "pickle";
  /** The file is an index of those of these names. */
  readonly shards?: RegExp;
}

/** The first that is there is read, no other: the reference's order. */
export const weightFiles: readonly WeightFile[] = [
  { file: WEIGHTS, format: "safetensors" },
  {
    file: "model.safetensors.index.json",
    format: "safetensors",
    shards: /^model-\d+-of-\d+\.safetensors$/,
  },
  { file: "pytorch_model.bin", format: "pickle" },
  {
    file: "pytorch_model.bin.index.json",
    format: "pickle",
    shards: /^pytorch_model-\d+-of-\d+\.bin$/,
  },
];

/** The model card, which no code reads. */
export const CARD = "README.md";

/** Small files that nearly every model has and loading reads, or looks for. */
export const usualFiles: readonly string[] = [
  ...[MODEL_SETTINGS, MODULES, CONFIG, TRANSFORMER_SETTINGS],
  ...[TOKENIZER, ...tokenizerSettings],
  ...[`1_Pooling/${CONFIG}`, ADAPTER],
];
