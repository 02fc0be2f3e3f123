import { UnsupportedError } from "../../errors.ts";
import { CLASS_OF_MODEL_TYPE, CLASSES, WRONGLY_NAMED_MODEL_TYPES } from "./reference-classes.ts";

/** What the files of a model say about its tokenizer's class. */
export interface ClassHints {
  /** `tokenizer_class` of tokenizer_config.json. */
  readonly tokenizerClass: string | null;
  /** `tokenizer_class` of config.json. */
  readonly configTokenizerClass: string | null;
  /** `model_type` of config.json. */
  readonly modelType: string | null;
  /** Whether tokenizer_config.json names code of its own. It is never run. */
  readonly hasRemoteCode: boolean;
}

/**
 * The class that AutoTokenizer of transformers 5 takes: the name of one that rebuilds the pipeline, or "" for
 * those that use tokenizer.json as it is (models/auto/tokenization_auto.py).
 * @throws UnsupportedError for classes that are not built on the `tokenizers` library
 */
export function resolveClass(hints: ClassHints): string {
  const { tokenizerClass, configTokenizerClass, modelType } = hints;
  const named = tokenizerClass ?? configTokenizerClass;
  const registered = modelType === null ? undefined : own(CLASS_OF_MODEL_TYPE, modelType);
  if (
    !hints.hasRemoteCode &&
    named !== null &&
    registered !== undefined &&
    withoutFast(registered) !== withoutFast(named)
  ) {
    if (isGeneric(withoutFast(registered))) return "";
    return lookUp(WRONGLY_NAMED_MODEL_TYPES.includes(modelType!) ? withoutFast(registered) : named);
  }
  if (tokenizerClass !== null) return lookUp(withoutFast(tokenizerClass));
  if (configTokenizerClass !== null) return lookUp(withoutFast(configTokenizerClass));
  return registered === undefined ? "" : lookUp(registered);
}

function withoutFast(name: string): string {
  return name.endsWith("Fast") ? name.slice(0, -4) : name;
}

function isGeneric(name: string): boolean {
  return ["TokenizersBackend", "PythonBackend", "PreTrainedTokenizer", "MistralCommonBackend"].includes(name);
}

/** Names that the reference does not know mean the generic class to it. */
function lookUp(name: string): string {
  const found = own(CLASSES, name) ?? own(CLASSES, withoutFast(name)) ?? "";
  if (found.startsWith("python:")) {
    throw new UnsupportedError(
      `tokenizer_class "${name}": this class is not built on the tokenizers library and is not supported`,
      { code: "unknown-tokenizer-class", subject: name },
    );
  }
  return found;
}

function own<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
