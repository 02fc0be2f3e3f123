/** The stages that modules.json names. */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { FileSource } from "../files/file-source.ts";
import type { FileTarget } from "../files/file-target.ts";
import type { FillOptions } from "../nn/fill.ts";
import { Weights } from "../nn/weights.ts";
import type { Backend, MatrixDType } from "../tensor/backend.ts";
import type { TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Features } from "./features.ts";
import type { SavedDType } from "./save-weights.ts";

export interface ForwardOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Module {
  /** The reference's class name: "Pooling". */
  readonly type: string;

  /** The width of the vectors that this module gives; null: as wide as what it gets. */
  readonly embeddingDimension: number | null;

  /** The width of the vectors that this module takes, where it can tell. */
  readonly inputDimension?: number | undefined;

  /** Reads features, and sets its own. */
  forward(features: Features, options: ForwardOptions): Promise<void> | void;

  /** Gives back the memory of its weights. */
  dispose(): void;

  /** Writes what `load` reads. Modules without it cannot be saved. */
  save?(target: FileTarget, dtype: SavedDType): Promise<void>;
}

/** The tokens of one text or pair, ready for the model. */
export interface TokenizedText {
  readonly inputIds: Int32Array;
  /** null: all 0; undefined: the model is given none. */
  readonly tokenTypeIds: Int32Array | null | undefined;
  /** Whether the text or the pair was longer than `maxSeqLength` and lost tokens. */
  readonly truncated: boolean;
}

/** The module that stands first: it turns text into tokens, and tokens into the first features. */
export interface InputModule extends Module {
  readonly backend: Backend;
  readonly tokenizer: Tokenizer;
  /** Tokens that a text or a pair is cut to, special tokens included; Infinity: never. */
  maxSeqLength: number;
  /** `task`: "query", "document" or whatever routes the model has; null: nothing in particular. */
  tokenize(text: TextOrPair, task: string | null): TokenizedText;
  /** How many tokens `tokenize` would give if it cut nothing off. */
  countTokens(text: TextOrPair, task: string | null): number;
  /**
   * How many tokens at the start of a text belong to `prompt`: those of the prompt alone without a special token
   * at its end. null: this module does not tell.
   */
  promptLength(prompt: string, task: string | null): number | null;
}

export function isInputModule(module: Module): module is InputModule {
  return "tokenize" in module && "maxSeqLength" in module;
}

/** A module whose small files have been read and checked. Nothing of its weights has been opened, or fetched. */
export interface PreparedModule {
  readonly type: string;
  /** Whether it turns text into tokens: the first module does. */
  readonly takesText: boolean;
  /** As of `Module`; undefined: only the weights tell. */
  readonly embeddingDimension: number | null | undefined;
  readonly inputDimension?: number | undefined;
  /** Opens the weights, and checks that they fit. */
  declare(context: DeclareContext): Promise<DeclaredModule>;
}

/** A module whose weights are declared, but not read. */
export interface DeclaredModule {
  readonly module: Module;
  /** Reads the weights. */
  fill(options: FillOptions): Promise<void>;
  /** Closes the files, whether or not the weights have been read: what is not read by then will not be. */
  close(): Promise<void>;
}

/** What a module is prepared from. */
export interface PrepareContext {
  /** The model's own folder. */
  readonly root: FileSource;
  /** The module's own folder inside the model. */
  readonly source: FileSource;
  /** How many tokens the user wants texts to be cut to; undefined: as the files say. */
  readonly maxSeqLength?: number | undefined;
  /** Prepares another module by its type in modules.json: for modules that consist of modules. */
  readonly prepare: (type: string, source: FileSource) => Promise<PreparedModule>;
}

export interface DeclareContext {
  readonly backend: Backend;
  /** How weight matrices are kept and multiplied. */
  readonly dtype: MatrixDType;
  /** How weights are to be read, for modules that begin early. */
  readonly filling: FillOptions;
}

/** What weights depend on besides a checkpoint. */
export type WeightContext = Pick<DeclareContext, "backend" | "dtype">;

/** For modules without weights. */
export function withoutWeights(module: Module): PreparedModule {
  const { type, embeddingDimension, inputDimension } = module;
  const nothing = () => Promise.resolve();
  return {
    type,
    takesText: false,
    embeddingDimension,
    inputDimension,
    declare: async () => ({ module, fill: nothing, close: nothing }),
  };
}

/** Gives back what declared modules hold: memory and open files. Called for an error, which it does not replace. */
export async function discard(declared: readonly DeclaredModule[]): Promise<void> {
  await Promise.allSettled(declared.map(({ close }) => close()));
  for (const { module } of declared) module.dispose();
}

/** For modules that are made of the weights of one checkpoint alone. */
export async function overCheckpoint(
  open: () => Promise<Checkpoint>,
  { backend, dtype }: WeightContext,
  make: (weights: Weights, checkpoint: Checkpoint) => Module,
): Promise<DeclaredModule> {
  const checkpoint = await open();
  const weights = Weights.of(checkpoint, backend, dtype);
  return await withWeights(() => make(weights, checkpoint), weights, checkpoint);
}

/** For modules with one checkpoint, which `make` takes its weights from. */
export async function withWeights(
  make: () => Module | Promise<Module>,
  weights: Weights,
  checkpoint: Checkpoint,
): Promise<DeclaredModule> {
  const close = async (): Promise<void> => {
    await weights.endFill();
    await checkpoint.close();
  };
  try {
    return { module: await make(), fill: (options) => weights.fill(options), close };
  } catch (error) {
    await close();
    weights.dispose();
    throw error;
  }
}
