import { FileError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { isJsonObject, type JsonValue } from "../files/json-value.ts";
import {
  ADDED_TOKENS,
  CONFIG,
  SPECIAL_TOKENS_MAP,
  TOKENIZER,
  TOKENIZER_CONFIG,
} from "../files/model-files.ts";
import { fileNameIn } from "../files/relative-path.ts";
import { type AddedToken, AddedVocabulary } from "./added-vocabulary.ts";
import type { Model } from "./component.ts";
import type { Side } from "./encoding.ts";
import { partsFromFields, partsFromJson, readSavedPadding, readSavedTruncation } from "./json/from-json.ts";
import { Lowercase } from "./normalizers/lowercase.ts";
import { Sequence } from "./normalizers/sequence.ts";
import { TemplateProcessing } from "./post-processors/template-processing.ts";
import { BertTokenizer } from "./pretrained/bert-tokenizer.ts";
import { pretrainedClasses } from "./pretrained/classes.ts";
import type { ClassPipeline, PretrainedClass } from "./pretrained/pretrained-class.ts";
import { resolveClass } from "./pretrained/resolve-class.ts";
import { RoleTokens } from "./pretrained/role-tokens.ts";
import {
  contentOf,
  PretrainedSettings,
  plainToken,
  SPECIAL_TOKEN_FIELDS,
  type SpecialTokens,
  tokensOf,
} from "./pretrained/settings.ts";
import { tokenizerFile } from "./pretrained/tokenizer-file.ts";
import {
  type SpecialTokenName,
  Tokenizer,
  type TokenizerParts,
  type TokenizerSettings,
} from "./tokenizer.ts";

export interface LoadTokenizerOptions {
  /** Puts a Lowercase before the normalizer, as `do_lower_case` of sentence_bert_config.json asks. Default false. */
  readonly lowercase?: boolean | undefined;
}

const MODEL_INPUT_NAMES = ["input_ids", "attention_mask"];
/** What the reference puts where tokenizer.json has no post-processor. */
const plainTemplate = new TemplateProcessing(
  [{ sequence: 0, typeId: 0 }],
  [
    { sequence: 0, typeId: 0 },
    { sequence: 1, typeId: 1 },
  ],
);
const LARGE = 1e20; // limits beyond this mean that there is none

/**
 * The tokenizer of a model's folder, as AutoTokenizer of transformers 5 makes it: many classes take only the
 * vocabulary from tokenizer.json and rebuild the rest. Without tokenizer.json, the vocabulary's own files serve.
 * @throws FileError where the folder has no tokenizer, FormatError for broken files, UnsupportedError for what
 *   is not known
 */
export async function loadTokenizer(
  source: FileSource,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  const [config, modelConfig, specialTokensMap, addedTokens] = await Promise.all([
    readFields(source, TOKENIZER_CONFIG),
    readFields(source, CONFIG),
    readFields(source, SPECIAL_TOKENS_MAP),
    readFields(source, ADDED_TOKENS),
  ]);
  const tokenizerConfig = config ?? new ConfigReader({}, TOKENIZER_CONFIG);
  const tokenizerJson = await readFields(source, tokenizerFile(tokenizerConfig));
  const settings = new PretrainedSettings({ tokenizerConfig, specialTokensMap, addedTokens, tokenizerJson });
  const name = resolveClass({
    tokenizerClass: tokenizerConfig.nullableString("tokenizer_class"),
    configTokenizerClass: modelConfig?.nullableString("tokenizer_class") ?? null,
    modelType: modelConfig?.nullableString("model_type") ?? null,
    hasRemoteCode: hasRemoteCode(tokenizerConfig),
  });

  const pretrained = Object.hasOwn(pretrainedClasses, name) ? pretrainedClasses[name] : undefined;
  const made =
    tokenizerJson !== null && (name === "" || pretrained?.overFile !== undefined)
      ? verbatim(tokenizerJson, settings, pretrained)
      : await rebuilt(source, pretrained ?? classFor(name, source), tokenizerJson, settings);
  const parts = options.lowercase ? withLowercase(made.parts) : made.parts;
  return new Tokenizer(parts, {
    ...commonSettings(settings, parts, made.paddingSide),
    modelInputNames: inputNames(tokenizerConfig) ?? made.modelInputNames,
    specialTokens: made.specialTokens,
    extraSpecialTokens: made.extraSpecialTokens.map((token) => contentOf(token)!),
  });
}

/**
 * tokenizer.json as it is, with the truncation and padding that it saved: what a StaticEmbedding uses.
 * @throws as {@link loadTokenizer}
 */
export async function loadBareTokenizer(source: FileSource): Promise<Tokenizer> {
  const bytes = await source.read(TOKENIZER);
  return new Tokenizer(partsFromJson(bytes, fileNameIn(source.name, TOKENIZER)));
}

interface Made {
  readonly parts: TokenizerParts;
  readonly specialTokens: { readonly [name in SpecialTokenName]?: string };
  readonly extraSpecialTokens: readonly (AddedToken | string)[];
  readonly modelInputNames: readonly string[];
  readonly paddingSide: Side;
}

function verbatim(
  tokenizerJson: ConfigReader,
  settings: PretrainedSettings,
  pretrained: PretrainedClass | undefined,
): Made {
  const parts = partsFromFields(tokenizerJson);
  const changes = pretrained?.overFile?.(settings);
  const specialTokens =
    changes?.specialTokens ?? tokensOf(settings, { pad_token: parts.savedPadding?.token });
  const split = settings.config.boolean("split_special_tokens", false);
  const addedVocabulary = new AddedVocabulary(split);
  addedVocabulary.add(
    Array.from(parts.addedVocabulary.tokens(), ([, token]) => token),
    parts.model,
    parts.normalizer,
  );
  addMissing(addedVocabulary, { ...parts, specialTokens }, settings, settings.extraSpecialTokens);
  const roles = rolesOf(specialTokens, addedVocabulary, parts.model, settings);
  const postProcessor = changes?.postProcessor?.(roles) ?? parts.postProcessor ?? plainTemplate;
  return {
    parts: { ...parts, addedVocabulary, postProcessor },
    specialTokens: contents(specialTokens),
    extraSpecialTokens: settings.extraSpecialTokens,
    modelInputNames: pretrained?.modelInputNames ?? MODEL_INPUT_NAMES,
    paddingSide: pretrained?.paddingSide ?? "right",
  };
}

async function rebuilt(
  source: FileSource,
  pretrained: PretrainedClass,
  tokenizerJson: ConfigReader | null,
  settings: PretrainedSettings,
): Promise<Made> {
  const own = new Map<string, Uint8Array>();
  if (tokenizerJson === null) {
    await Promise.all(
      pretrained.vocabularyFiles.map(async (path) => {
        if (await source.exists(path)) own.set(path, await source.read(path));
      }),
    );
    const missing = pretrained.vocabularyFiles.filter((path) => !own.has(path));
    if (missing.length > 0) throw noTokenizer(source, missing);
  }
  const pipeline = pretrained.build({ tokenizerJson, own }, settings);
  const addedVocabulary = new AddedVocabulary(settings.config.boolean("split_special_tokens", false));
  const { model, normalizer } = pipeline;
  const extraSpecialTokens = pipeline.extraSpecialTokens ?? settings.extraSpecialTokens;
  addMissing(addedVocabulary, pipeline, settings, extraSpecialTokens);
  const roles = rolesOf(pipeline.specialTokens, addedVocabulary, model, settings);
  return {
    parts: {
      addedVocabulary,
      normalizer,
      preTokenizer: pipeline.preTokenizer,
      model,
      postProcessor: pipeline.postProcessor(roles),
      decoder: pipeline.decoder,
      savedTruncation: tokenizerJson === null ? null : readSavedTruncation(tokenizerJson),
      savedPadding: tokenizerJson === null ? null : readSavedPadding(tokenizerJson),
    },
    specialTokens: contents(pipeline.specialTokens),
    extraSpecialTokens,
    modelInputNames: pretrained.modelInputNames,
    paddingSide: pretrained.paddingSide ?? "right",
  };
}

/** The class to rebuild with where none is known by that name: BERT's, for a folder that names none. */
function classFor(name: string, source: FileSource): PretrainedClass {
  if (name === "") return BertTokenizer;
  throw new UnsupportedError(`the tokenizer class "${name}" is not supported`, {
    code: "unknown-tokenizer-class",
    subject: name,
    file: source.name,
  });
}

function noTokenizer(source: FileSource, paths: readonly string[]): FileError {
  return new FileError(source.name, `no tokenizer found: neither tokenizer.json nor ${paths.join(", ")}`, {
    code: "tokenizer-not-found",
  });
}

function rolesOf(
  specialTokens: SpecialTokens,
  addedVocabulary: AddedVocabulary,
  model: Model,
  settings: PretrainedSettings,
): RoleTokens {
  const idOf = (token: string) => addedVocabulary.tokenToId(token) ?? model.tokenToId(token);
  return new RoleTokens(specialTokens, idOf, settings.config.file);
}

/** Adds what the settings name and the vocabulary does not have yet (TokenizersBackend.__init__). */
function addMissing(
  addedVocabulary: AddedVocabulary,
  pipeline: Pick<ClassPipeline, "model" | "normalizer" | "specialTokens" | "dropsFlags">,
  settings: PretrainedSettings,
  extraSpecialTokens: readonly (AddedToken | string)[],
): void {
  const { model, normalizer, specialTokens, dropsFlags } = pipeline;
  const known = new Map(Array.from(addedVocabulary.tokens(), ([, token]) => [token.content, token]));
  const roles = [...Object.values(specialTokens), ...settings.namedSpecialTokens()];
  const names = new Set(roles.map(contentOf));
  const missing: AddedToken[] = settings.addedTokens.filter(
    (token) => !isSame(known.get(token.content), token),
  );
  // Of tokens with the same content and other flags, the last counts: so does the reference.
  const present = new Set([...known.keys(), ...missing.map((token) => token.content)]);
  const wanted = [...inOrder(specialTokens), ...settings.namedSpecialTokens(), ...extraSpecialTokens];
  for (const token of wanted) {
    if (present.has(contentOf(token)!)) continue;
    missing.push(typeof token === "string" ? plainToken(token, { special: true }) : token);
  }
  const added = missing.map((token) => (names.has(token.content) ? { ...token, special: true } : token));
  if (dropsFlags) added.push(...wanted.map((token) => plainToken(contentOf(token)!, { special: true })));
  addedVocabulary.add(added, model, normalizer);
}

function inOrder(specialTokens: SpecialTokens): (AddedToken | string)[] {
  return SPECIAL_TOKEN_FIELDS.flatMap(([, name]) => specialTokens[name] ?? []);
}

function isSame(a: AddedToken | undefined, b: AddedToken): boolean {
  return (
    a !== undefined &&
    a.singleWord === b.singleWord &&
    a.lstrip === b.lstrip &&
    a.rstrip === b.rstrip &&
    a.normalized === b.normalized &&
    a.special === b.special
  );
}

function contents(tokens: SpecialTokens): { readonly [name in SpecialTokenName]?: string } {
  return Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, contentOf(token)!]));
}

function withLowercase(parts: TokenizerParts): TokenizerParts {
  const { normalizer } = parts;
  const has =
    normalizer instanceof Lowercase ||
    (normalizer instanceof Sequence && normalizer.normalizers.some((part) => part instanceof Lowercase));
  if (has) return parts;
  const rest =
    normalizer instanceof Sequence ? normalizer.normalizers : normalizer === null ? [] : [normalizer];
  const lowercasing = new Sequence([new Lowercase(), ...rest]);
  const addedVocabulary = new AddedVocabulary(parts.addedVocabulary.splitSpecialTokens);
  addedVocabulary.add(
    Array.from(parts.addedVocabulary.tokens(), ([, token]) => token),
    parts.model,
    lowercasing,
  );
  return { ...parts, normalizer: lowercasing, addedVocabulary };
}

function commonSettings(
  { config }: PretrainedSettings,
  parts: TokenizerParts,
  side: Side,
): Partial<TokenizerSettings> {
  const length = config.get("model_max_length") ?? config.get("max_len");
  if (length !== null && (typeof length !== "number" || !(length >= 1))) {
    throw config.wrong(
      config.hasOwn("model_max_length") ? "model_max_length" : "max_len",
      "a number of tokens",
    );
  }
  const sides: readonly Side[] = ["right", "left"];
  return {
    modelMaxLength: length === null || length > LARGE ? Number.POSITIVE_INFINITY : Math.floor(length),
    paddingSide: config.oneOf("padding_side", sides, parts.savedPadding?.side ?? side),
    truncationSide: config.oneOf("truncation_side", sides, parts.savedTruncation?.side ?? "right"),
    padTokenTypeId: 0, // the reference does not read it from the files
    cleanUpTokenizationSpaces: config.nullableBoolean("clean_up_tokenization_spaces") ?? false,
  };
}

function inputNames(config: ConfigReader): string[] | null {
  if (config.get("model_input_names") === null) return null;
  return config.array("model_input_names").map((name) => {
    if (typeof name !== "string") throw config.wrong("model_input_names", "strings");
    return name;
  });
}

function hasRemoteCode(config: ConfigReader): boolean {
  const map: JsonValue = config.get("auto_map");
  if (Array.isArray(map)) return true;
  return isJsonObject(map) && Object.hasOwn(map, "AutoTokenizer");
}

async function readFields(source: FileSource, path: string): Promise<ConfigReader | null> {
  return (await source.exists(path)) ? await ConfigReader.read(source, path) : null;
}
