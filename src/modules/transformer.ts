import type { FoundCheckpoint } from "../checkpoint/open.ts";
import { ArgumentError, FormatError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import {
  CONFIG,
  TOKENIZER,
  TRANSFORMER_SETTINGS,
  tokenizerSettings,
  vocabularies,
} from "../files/model-files.ts";
import type { Encoder } from "../models/encoder.ts";
import { prepareEncoder } from "../models/registry.ts";
import { rejectAdapter } from "../models/unsupported-weights.ts";
import type { Weights } from "../nn/weights.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { inOrder } from "../runtime/in-order.ts";
import { whileRunning } from "../runtime/signals.ts";
import { openModelSource } from "../sources/model-source.ts";
import { type SourceOptions, sourceOptionNames } from "../sources/source-options.ts";
import type { Backend } from "../tensor/backend.ts";
import { checkPlacement, type PlacementOptions, placementOptionNames } from "../tensor/placement.ts";
import { fillAndPrepare } from "../tensor/record-kernels.ts";
import { withBackend } from "../tensor/select.ts";
import { loadTokenizer } from "../tokenizer/load.ts";
import type { TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";
import { rejectChatTemplate } from "./chat-template.ts";
import { countTokens } from "./count-tokens.ts";
import type { Features } from "./features.ts";
import {
  type ForwardOptions,
  type InputModule,
  type PrepareContext,
  type PreparedModule,
  type TokenizedText,
  withWeights,
} from "./module.ts";
import { type SavedDType, saveWeights } from "./save-weights.ts";
import {
  defaultSettings,
  readTransformerSettings,
  type TransformerSettings,
} from "./transformer-settings.ts";
import { forwardTwoTokens } from "./two-tokens.ts";

export interface TransformerOptions extends SourceOptions, PlacementOptions {
  /** How many tokens a text is cut to; at most the model's positions. */
  readonly maxSeqLength?: number | undefined;
}

const optionNames: OptionNames<TransformerOptions> = {
  ...sourceOptionNames,
  ...placementOptionNames,
  maxSeqLength: true,
};

type PlainContext = Pick<PrepareContext, "source" | "maxSeqLength">;

/** What a Transformer was loaded from. */
interface TransformerFiles {
  readonly source: FileSource;
  readonly config: ConfigReader;
  readonly lowercase: boolean;
  /** `output_hidden_states`: the outputs of the layers are features. */
  readonly keepsHiddenStates: boolean;
  readonly found: FoundCheckpoint;
}

/**
 * Tokenizer and encoder: text → token_embeddings [tokens, hidden].
 * sentence-transformers v6.0.1, base/modules/transformer.py.
 */
export class Transformer implements InputModule {
  readonly type = "Transformer";
  readonly encoder: Encoder;
  readonly tokenizer: Tokenizer;
  readonly #weights: Weights;
  readonly #specialIds: ReadonlySet<number>;
  readonly #files: TransformerFiles;
  #maxSeqLength: number;

  private constructor(
    encoder: Encoder,
    weights: Weights,
    files: TransformerFiles,
    { tokenizer, maxSeqLength }: { readonly tokenizer: Tokenizer; readonly maxSeqLength: number },
  ) {
    this.encoder = encoder;
    this.#files = files;
    this.tokenizer = tokenizer;
    this.#weights = weights;
    this.#maxSeqLength = maxSeqLength;
    this.#specialIds = new Set(
      [...Object.values(tokenizer.specialTokens), ...tokenizer.extraSpecialTokens]
        .map((token) => tokenizer.tokenToId(token))
        .filter((id) => id !== undefined),
    );
  }

  /**
   * A Transformer for `new SentenceTransformer({ modules })`: tokenizer and encoder of a model, which is called as
   * in `SentenceTransformer.load`. Of the model's files, those of transformers count alone, as for the reference's
   * constructor: sentence_bert_config.json and its `max_seq_length` are not read.
   */
  static async fromPretrained(
    model: string | URL | FileSource,
    options: TransformerOptions = {},
  ): Promise<Transformer> {
    options = readOptions("Transformer", options, optionNames);
    const { maxSeqLength } = options;
    const placement = checkPlacement(options);
    return await whileRunning(options.signal, (signal) =>
      withBackend(placement, async (backend) => {
        const source = await openModelSource(model, { ...options, signal });
        const prepared = await Transformer.preparePlain({ source, maxSeqLength });
        const filling = { signal };
        const { module, fill, close } = await prepared.declare({ backend, dtype: placement.dtype, filling });
        try {
          await fillAndPrepare(
            backend,
            () => forwardTwoTokens([module]),
            () => fill(filling),
          );
          return module as Transformer;
        } catch (error) {
          module.dispose();
          throw error;
        } finally {
          await close();
        }
      }),
    );
  }

  static async prepare({ root, source, maxSeqLength }: PrepareContext): Promise<PreparedModule> {
    // For a folder on disk the reference looks for an adapter in the model's folder, else in the module's.
    const [, config, settings] = await inOrder([
      inOrder([...new Set([root, source])].map(rejectAdapter)),
      ConfigReader.read(source, CONFIG),
      readTransformerSettings(source),
    ]);
    return await Transformer.#prepare({ source, maxSeqLength }, config, settings);
  }

  /** Of a folder that is not known to be one of sentence-transformers. */
  static async preparePlain(context: PlainContext): Promise<PreparedModule> {
    const { source } = context;
    const [, , config] = await inOrder([
      rejectAdapter(source),
      rejectChatTemplate(source),
      ConfigReader.read(source, CONFIG),
    ]);
    return await Transformer.#prepare(context, config, defaultSettings);
  }

  static async #prepare(
    { source, maxSeqLength }: PlainContext,
    modelConfig: ConfigReader,
    settings: TransformerSettings,
  ): Promise<PreparedModule> {
    const config = modelConfig.with(settings.configChanges);
    const { lowercase } = settings;
    const keepsHiddenStates = config.boolean("output_hidden_states", false);
    const prepared = await prepareEncoder(source, config, { pooler: false });
    const { found } = prepared;
    const { hiddenSize, maxSequenceLength } = prepared.config;
    const files = { source, config, lowercase, keepsHiddenStates, found };
    const makeTokenizer = async () => {
      const tokenizer = await loadTokenizer(source, { lowercase });
      // Beyond its position table the reference fails; texts are cut to it here, whatever the files say.
      const wanted = settings.maxSeqLength ?? tokenizer.modelMaxLength;
      const longest = Math.min(wanted, maxSequenceLength);
      const special = tokenizer.addedTokens();
      if (longest < special) {
        throw new FormatError(
          `expected a length limit of at least the ${special} special tokens, found ${longest}`,
          { code: "limit-too-small", file: source.name },
        );
      }
      if (maxSeqLength !== undefined) checkLimit(maxSeqLength, special, maxSequenceLength);
      return { tokenizer, maxSeqLength: maxSeqLength ?? longest };
    };
    // What does not work is to show before weights are fetched; where they are at hand, it need not wait for them.
    const early = (await found.isLocal()) ? undefined : await makeTokenizer();
    return {
      type: "Transformer",
      takesText: true,
      embeddingDimension: hiddenSize,
      async declare({ backend, dtype, filling }) {
        const { encoder, weights, checkpoint } = await prepared.declare(backend, dtype);
        return await withWeights(
          async () => {
            weights.beginFill(filling); // other threads read while this one makes the tokenizer
            return new Transformer(encoder, weights, files, early ?? (await makeTokenizer()));
          },
          weights,
          checkpoint,
        );
      },
    };
  }

  get backend(): Backend {
    return this.encoder.backend;
  }

  get embeddingDimension(): number {
    return this.encoder.config.hiddenSize;
  }

  get maxSeqLength(): number {
    return this.#maxSeqLength;
  }

  set maxSeqLength(value: number) {
    checkLimit(value, this.tokenizer.addedTokens(), this.encoder.config.maxSequenceLength);
    this.#maxSeqLength = value;
  }

  tokenize(text: TextOrPair): TokenizedText {
    const { ids, tokenTypeIds, truncated } = this.tokenizer.encodeIdsWithin(text, this.#maxSeqLength);
    const { givesTokenTypes } = this.tokenizer;
    return { inputIds: ids, tokenTypeIds: givesTokenTypes ? tokenTypeIds : undefined, truncated };
  }

  countTokens(text: TextOrPair): number {
    return countTokens(this.tokenizer, text, true);
  }

  promptLength(prompt: string): number {
    const { inputIds } = this.tokenize(prompt);
    const last = inputIds.at(-1);
    return last !== undefined && this.#specialIds.has(last) ? inputIds.length - 1 : inputIds.length;
  }

  async forward(features: Features, { signal }: ForwardOptions): Promise<void> {
    const { lastHiddenState, hiddenStates } = await this.encoder.forward(features.tokens, {
      signal,
      outputHiddenStates: this.#files.keepsHiddenStates,
    });
    features.set("token_embeddings", lastHiddenState);
    features.hiddenStates = hiddenStates?.slice(0, -1) ?? null;
  }

  dispose(): void {
    this.#weights.dispose();
  }

  /** The encoder and tokenizer as they were, with the weights in another precision and the limit as it is now. */
  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    const { source, config, lowercase, found } = this.#files;
    // transformers computes in the type that config.json names, unless told otherwise; its old name is torch_dtype.
    const { torch_dtype: _, ...kept } = config.json;
    await writeJson(target, CONFIG, { ...kept, dtype });
    await writeJson(target, TRANSFORMER_SETTINGS, {
      max_seq_length: this.#maxSeqLength,
      do_lower_case: lowercase,
    });
    for (const path of [TOKENIZER, ...tokenizerSettings, ...vocabularies]) {
      if (await source.exists(path)) await target.write(path, await source.read(path));
    }
    await saveWeights(target, found.open, dtype);
  }
}

/** @throws ArgumentError for a limit that leaves no room beside `special` tokens, or exceeds the positions. */
function checkLimit(value: number, special: number, longest: number): void {
  if (Number.isSafeInteger(value) && value > special && value <= longest) return;
  throw new ArgumentError(
    `maxSeqLength: expected a whole number from ${special + 1} to ${longest} (the model's positions), got ${String(value)}`,
    { code: "max-length-exceeds-positions", subject: "maxSeqLength" },
  );
}
