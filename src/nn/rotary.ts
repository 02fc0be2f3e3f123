/**
 * The angles of rotary position embedding (arXiv 2104.09864), rounded as the reference rounds them: frequencies, angles
 * and tables are float32 at every step, since exact ones would be another function (1.4e-4 in the tables at 2,048
 * positions). transformers v5.18.0, src/transformers/modeling_rope_utils.py.
 */
import { type RotaryAngles, rotary } from "../tensor/ops/rotary.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Weights } from "./weights.ts";

const { fround } = Math;

/** What turns each pair of elements of a head per position, and what the tables are multiplied with. */
export interface RotaryFrequencies {
  /** [headDim / 2], in radians per position. */
  readonly inverse: Float32Array;
  /** Of cosines and sines; 1 except with yarn. */
  readonly attentionFactor: number;
}

/** 1 / base^(2i / headDim): rope_type "default". */
export function defaultFrequencies(base: number, headDim: number): RotaryFrequencies {
  return { inverse: powers(base, headDim).map((power) => 1 / power), attentionFactor: 1 };
}

/** Every position counts 1 / factor: rope_type "linear". */
export function linearFrequencies(base: number, headDim: number, factor: number): RotaryFrequencies {
  const { inverse } = defaultFrequencies(base, headDim);
  return { inverse: inverse.map((frequency) => frequency / fround(factor)), attentionFactor: 1 };
}

export interface Llama3Scaling {
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositions: number;
}

/**
 * rope_type "llama3": waves longer than originalMaxPositions / lowFreqFactor are stretched by the factor, those shorter
 * than originalMaxPositions / highFreqFactor stay as they are, and those in between change smoothly.
 */
export function llama3Frequencies(
  base: number,
  headDim: number,
  { factor, lowFreqFactor, highFreqFactor, originalMaxPositions }: Llama3Scaling,
): RotaryFrequencies {
  const longest = fround(originalMaxPositions / lowFreqFactor);
  const shortest = fround(originalMaxPositions / highFreqFactor);
  const by = fround(factor);
  const { inverse } = defaultFrequencies(base, headDim);
  const scaled = inverse.map((frequency) => {
    const wavelength = divided(2 * Math.PI, frequency);
    if (wavelength > longest) return frequency / by;
    if (wavelength < shortest) return frequency;
    const above = fround(divided(originalMaxPositions, wavelength) - fround(lowFreqFactor));
    const smooth = fround(above / fround(highFreqFactor - lowFreqFactor));
    const stretched = fround(fround(fround(1 - smooth) * frequency) / by);
    return stretched + fround(smooth * frequency);
  });
  return { inverse: scaled, attentionFactor: 1 };
}

export interface YarnScaling {
  readonly factor: number;
  readonly originalMaxPositions: number;
  /** Waves that turn more often than this in the original length stay as they are. */
  readonly betaFast: number;
  /** Waves that turn less often than this are stretched by the whole factor. */
  readonly betaSlow: number;
  /** Whether the range in between begins and ends at whole indices. */
  readonly truncate: boolean;
  readonly attentionFactor: number;
}

/** rope_type "yarn" (arXiv 2309.00071). */
export function yarnFrequencies(
  base: number,
  headDim: number,
  { factor, originalMaxPositions, betaFast, betaSlow, truncate, attentionFactor }: YarnScaling,
): RotaryFrequencies {
  /** The index of the wave that turns so often in the original length. */
  const indexOf = (turns: number): number =>
    (headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [low, high] = truncate
    ? [Math.floor(indexOf(betaFast)), Math.ceil(indexOf(betaSlow))]
    : [indexOf(betaFast), indexOf(betaSlow)];
  const first = Math.max(low, 0);
  let last = Math.min(high, headDim - 1);
  if (first === last) last += 0.001;

  const inverse = powers(base, headDim).map((power, i) => {
    const ramp = Math.min(Math.max(fround(fround(i - fround(first)) / fround(last - first)), 0), 1);
    const kept = fround(1 - ramp);
    const stretched = fround(1 / fround(fround(factor) * power));
    return fround(stretched * fround(1 - kept)) + fround(fround(1 / power) * kept);
  });
  return { inverse, attentionFactor };
}

/** What yarn multiplies cosines and sines with where the configuration does not say. */
export function yarnAttentionFactor(factor: number, mscale?: number, mscaleAllDim?: number): number {
  const scale = (by: number): number => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? scale(mscale) / scale(mscaleAllDim) : scale(1);
}

/** base^(2i / headDim). */
function powers(base: number, headDim: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => base ** fround((2 * i) / headDim));
}

/** A number by a float32, as torch divides: it multiplies with the rounded inverse. */
function divided(number: number, by: number): number {
  return fround(fround(1 / by) * fround(number));
}

/** Cosines and sines of positions `first` … `end` − 1, each [end − first, headDim / 2]. */
export function rotaryTables(
  { inverse, attentionFactor }: RotaryFrequencies,
  first: number,
  end: number,
): { readonly cosines: Float32Array; readonly sines: Float32Array } {
  const half = inverse.length;
  const cosines = new Float32Array((end - first) * half);
  const sines = new Float32Array((end - first) * half);
  const factor = fround(attentionFactor);
  for (let position = first; position < end; position++) {
    const row = (position - first) * half;
    for (let i = 0; i < half; i++) {
      const angle = fround(position * inverse[i]!);
      cosines[row + i] = fround(Math.cos(angle)) * factor;
      sines[row + i] = fround(Math.sin(angle)) * factor;
    }
  }
  return { cosines, sines };
}

/** Positions that the first tables have: as many as most texts. */
const FIRST_POSITIONS = 128;

/**
 * Rotary embedding with tables that all layers share. They have as many positions as the longest text so far needed:
 * all that a decoder could take would cost more than the rest of its load. Tables that have become too short stay until
 * the model is disposed of, since work that is under way may read them; all of them together are as large as the last.
 */
export class RotaryEmbedding {
  readonly frequencies: RotaryFrequencies;
  readonly #weights: Weights;
  #positions = 0;
  #angles: RotaryAngles | undefined;

  constructor(frequencies: RotaryFrequencies, weights: Weights) {
    this.frequencies = frequencies;
    this.#weights = weights;
  }

  /** Queries or keys x [tokens, heads · headDim], turned by their `positions` [tokens], which begin anew with each sequence. */
  forward(x: Tensor, positions: Int32Array): Tensor {
    let count = 0;
    for (const position of positions) count = Math.max(count, position + 1);
    return rotary(x, this.angles(count), positions);
  }

  /** Tables of at least `count` positions. */
  angles(count: number): RotaryAngles {
    if (this.#angles === undefined || count > this.#positions) {
      this.#positions = Math.max(count, 2 * this.#positions, FIRST_POSITIONS);
      const { cosines, sines } = rotaryTables(this.frequencies, 0, this.#positions);
      this.#angles = { cosines: this.#parameter(cosines), sines: this.#parameter(sines) };
    }
    return this.#angles;
  }

  #parameter(values: Float32Array): Tensor {
    const tensor = this.#weights.reserve([this.#positions, this.frequencies.inverse.length]);
    this.#weights.backend.parameters.write(tensor.storage, values, 0);
    return tensor;
  }
}
