import type { ConfigReader } from "../../files/config-reader.ts";
import type { VocabularyFile } from "../../files/model-files.ts";
import type { AddedToken } from "../added-vocabulary.ts";
import type { Decoder, Model, Normalizer, PostProcessor, PreTokenizer } from "../component.ts";
import type { Side } from "../encoding.ts";
import type { RoleTokens } from "./role-tokens.ts";
import type { PretrainedSettings, SpecialTokens } from "./settings.ts";

/** The files of a folder that describe its vocabulary: tokenizer.json, or else those of the class. */
export interface VocabularyFiles {
  /** tokenizer.json, parsed. */
  readonly tokenizerJson: ConfigReader | null;
  /** The bytes of the class's own files, by path: all of them, where there is no tokenizer.json. */
  readonly own: ReadonlyMap<string, Uint8Array>;
}

/** A pipeline as one of the reference's tokenizer classes builds it, before tokens are added. */
export interface ClassPipeline {
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
  readonly model: Model;
  readonly decoder: Decoder | null;
  /** Tokens with a role: the settings' or, where they have none, the class's. */
  readonly specialTokens: SpecialTokens;
  /** Extra special tokens where the settings name none. */
  readonly extraSpecialTokens?: readonly (AddedToken | string)[];
  /** Made when all tokens have been added. */
  postProcessor(roles: RoleTokens): PostProcessor | null;
  /** Whether all special tokens are added once more, without the flags that the settings gave them. */
  readonly dropsFlags?: boolean;
}

/**
 * One of the tokenizer classes of transformers 5. Most rebuild the pipeline and take from tokenizer.json only
 * the vocabulary (TokenizersBackend.convert_to_native_format).
 */
export interface PretrainedClass {
  /** The files that serve where there is no tokenizer.json. */
  readonly vocabularyFiles: readonly VocabularyFile[];
  readonly modelInputNames: readonly string[];
  /** Default "right". */
  readonly paddingSide?: Side;
  build(files: VocabularyFiles, settings: PretrainedSettings): ClassPipeline;
  /**
   * Of a class that takes tokenizer.json as it is, since it inherits its constructor from one that rebuilds: what that
   * constructor puts in place of the file's parts.
   */
  overFile?(
    settings: PretrainedSettings,
  ): Pick<ClassPipeline, "specialTokens"> & Partial<Pick<ClassPipeline, "postProcessor">>;
}
