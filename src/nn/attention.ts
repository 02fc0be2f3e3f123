import type { AttentionMask } from "../tensor/attention-mask.ts";
import { attention } from "../tensor/ops/attention.ts";
import type { LinearOptions } from "../tensor/ops/linear.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Linear } from "./linear.ts";
import type { RMSNorm } from "./rms-norm.ts";
import type { RotaryEmbedding } from "./rotary.ts";

/** The projections, under their checkpoint's names. */
export interface AttentionProjections {
  readonly query: Linear; // hidden → heads · headDim
  readonly key: Linear; // hidden → kvHeads · headDim
  readonly value: Linear; // hidden → kvHeads · headDim
  readonly output: Linear; // heads · headDim → hidden
}

export interface AttentionSettings {
  readonly heads: number;
  readonly kvHeads: number;
  readonly mask: AttentionMask;
  /** Multiplies the dot products of queries and keys. */
  readonly scale: number;
  /** Normalizes each head of the queries, before they are turned. */
  readonly queryNorm?: RMSNorm | null;
  readonly keyNorm?: RMSNorm | null;
  readonly rotary: RotaryEmbedding;
}

/** Where the tokens of a packed batch stand. */
export interface PackedPositions {
  /** Boundaries of the sequences, [sequences + 1]. */
  readonly offsets: Int32Array;
  /** [tokens]: 0, 1, 2 … from the start of each sequence. */
  readonly positions: Int32Array;
}

/** Self-attention with rotary positions: of decoders, and of the encoders that followed them. */
export class Attention {
  readonly projections: AttentionProjections;
  readonly settings: AttentionSettings;

  constructor(projections: AttentionProjections, settings: AttentionSettings) {
    this.projections = projections;
    this.settings = settings;
  }

  /** hidden, result: [tokens, hidden] */
  forward(hidden: Tensor, { offsets, positions }: PackedPositions, options?: LinearOptions): Tensor {
    const { query, key, value, output } = this.projections;
    const { queryNorm, keyNorm, rotary, ...settings } = this.settings;
    const turned = (x: Tensor, norm: RMSNorm | null | undefined): Tensor =>
      rotary.forward(norm?.forwardHeads(x) ?? x, positions);
    const context = attention(
      turned(query.forward(hidden), queryNorm), // [tokens, heads · headDim]
      turned(key.forward(hidden), keyNorm), // [tokens, kvHeads · headDim]
      value.forward(hidden),
      offsets,
      settings,
    );
    return output.forward(context, options);
  }
}
