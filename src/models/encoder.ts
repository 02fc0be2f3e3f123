/** What every encoder takes and gives: packed token ids in, one vector a token out. */
import type { Backend } from "../tensor/backend.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { EncoderConfig } from "./config.ts";

/** Sequences one after the other, without padding. */
export interface PackedTokens {
  /** [tokens] */
  readonly inputIds: Int32Array;
  /** [tokens]; null: all 0. */
  readonly tokenTypeIds: Int32Array | null;
  /** [tokens]; null: counted as the architecture counts them. */
  readonly positionIds: Int32Array | null;
  /** [sequences + 1]: sequence i is tokens offsets[i] … offsets[i + 1] − 1. */
  readonly offsets: Int32Array;
}

/** The shortest text that goes through every layer as others do: for runs that only find out what is called. */
export const TWO_TOKENS: PackedTokens = {
  inputIds: new Int32Array(2),
  tokenTypeIds: null,
  positionIds: null,
  offsets: Int32Array.of(0, 2),
};

export interface EncoderOptions {
  /** Keep the embedding output and the output of every layer. */
  readonly outputHiddenStates?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Which parts of a checkpoint an encoder is built from. */
export interface EncoderParts {
  /** False leaves the pooler out even where the checkpoint has one: sentence embeddings do not use it. */
  readonly pooler?: boolean;
}

/** The caller disposes of these tensors. */
export interface EncoderOutput {
  /** [tokens, hidden] */
  readonly lastHiddenState: Tensor;
  /** With `outputHiddenStates`: the embedding output, then each layer's; the last is `lastHiddenState` itself. */
  readonly hiddenStates: readonly Tensor[] | null;
}

export interface Encoder {
  readonly config: EncoderConfig;
  readonly backend: Backend;
  /**
   * Where positions come from: "column" counts from the start of a padded row, padding included (BERT), "content"
   * skips padding (RoBERTa). It matters for left-padded input alone.
   */
  readonly positionsCount: "column" | "content";
  forward(input: PackedTokens, options?: EncoderOptions): Promise<EncoderOutput>;
  /** [sequences, hidden] from the first token of each sequence; null where the checkpoint has no pooler. */
  pool(lastHiddenState: Tensor, offsets: Int32Array): Tensor | null;
}
