/** Shapes of real encoders, so that tests and measurements meet the sizes that users do. */
export interface EncoderShape {
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width of the feed-forward layer. */
  readonly intermediate: number;
  readonly vocabulary: number;
  /** Tokens that the model reads at most. */
  readonly positions: number;
}

/** As in the models' config.json on the hub. */
export const ENCODERS = {
  "MiniLM-L6": {
    name: "all-MiniLM-L6-v2",
    layers: 6,
    hidden: 384,
    heads: 12,
    intermediate: 1536,
    vocabulary: 30522,
    positions: 512,
  },
  "multilingual-MiniLM-L12": {
    name: "paraphrase-multilingual-MiniLM-L12-v2",
    layers: 12,
    hidden: 384,
    heads: 12,
    intermediate: 1536,
    vocabulary: 250037,
    positions: 512,
  },
  "bge-base": {
    name: "bge-base-en-v1.5",
    layers: 12,
    hidden: 768,
    heads: 12,
    intermediate: 3072,
    vocabulary: 30522,
    positions: 512,
  },
  "e5-large": {
    name: "e5-large-v2",
    layers: 24,
    hidden: 1024,
    heads: 16,
    intermediate: 4096,
    vocabulary: 30522,
    positions: 512,
  },
} as const satisfies Record<string, EncoderShape>;

export type EncoderName = keyof typeof ENCODERS;

export interface LinearShape {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** The three linear layers that an encoder's time goes into. */
export function linearShapes(encoder: EncoderShape): readonly LinearShape[] {
  const { hidden, intermediate } = encoder;
  return [
    { name: "query, key, value, output", inFeatures: hidden, outFeatures: hidden },
    { name: "feed-forward up", inFeatures: hidden, outFeatures: intermediate },
    { name: "feed-forward down", inFeatures: intermediate, outFeatures: hidden },
  ];
}
