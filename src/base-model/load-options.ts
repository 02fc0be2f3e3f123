/** The options of `load`, and of constructors that take modules. */

import type { Module } from "../modules/module.ts";
import type { OptionNames } from "../runtime/check-options.ts";
import type { SimilarityFunctionName } from "../similarity/similarity-function-name.ts";
import type { DownloadingEvent } from "../sources/hub/options.ts";
import { type SourceOptions, sourceOptionNames } from "../sources/source-options.ts";
import { type PlacementOptions, placementOptionNames } from "../tensor/placement.ts";
import type { Prompts } from "./prompts.ts";

/** What `load` reports while it works. */
export interface LoadingEvent {
  readonly status: "loading";
  /** The folder of the module whose weights are being read. */
  readonly file: string;
  /** Bytes. */
  readonly loaded: number;
  readonly total: number;
}

/** What all kinds of models have. */
export interface BaseModelOptions {
  /** Texts that can be put in front of every text to encode, by name; they win over those in the model's files. */
  readonly prompts?: Prompts | undefined;
  /** The prompt that `encode` uses when it is given none. */
  readonly defaultPromptName?: string | undefined;
}

/** What `load` of all kinds of models has. */
export interface BaseLoadOptions extends BaseModelOptions, PlacementOptions, Omit<SourceOptions, "progress"> {
  /** How many tokens a text is cut to; at most the model's positions. */
  readonly maxSeqLength?: number | undefined;
  /** Told how far downloads and loading are. */
  readonly progress?: ((event: DownloadingEvent | LoadingEvent) => void) | undefined;
}

export const baseModelOptionNames: OptionNames<BaseModelOptions> = { prompts: true, defaultPromptName: true };

export const baseLoadOptionNames: OptionNames<BaseLoadOptions> = {
  ...baseModelOptionNames,
  ...sourceOptionNames,
  ...placementOptionNames,
  maxSeqLength: true,
};

/** What a model is made of. */
export interface ModulesOption {
  /** In order; the first one turns text into tokens. */
  readonly modules: readonly Module[];
}

/** What a SentenceTransformer has besides. */
export interface ModelOptions extends BaseModelOptions {
  /** How `similarity` compares. */
  readonly similarityFnName?: SimilarityFunctionName | undefined;
  /** How many dimensions `encode` keeps. */
  readonly truncateDim?: number | undefined;
}

export interface LoadOptions extends ModelOptions, BaseLoadOptions {}

export interface SentenceTransformerOptions extends ModelOptions, ModulesOption {}

const embeddingOptionNames = { similarityFnName: true, truncateDim: true } as const;

export const loadOptionNames: OptionNames<LoadOptions> = { ...baseLoadOptionNames, ...embeddingOptionNames };

export const sentenceTransformerOptionNames: OptionNames<SentenceTransformerOptions> = {
  ...baseModelOptionNames,
  ...embeddingOptionNames,
  modules: true,
};
