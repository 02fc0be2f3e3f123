/** What config.json says about an encoder. What we cannot run is refused by name. */

import { FormatError, UnsupportedError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import { activationByName, activationNames } from "../nn/activation.ts";
import type { ActivationName } from "../tensor/backend.ts";

/** What every encoder says, whatever its family. Each family's own configuration extends it. */
export interface EncoderConfig {
  readonly modelType: string;
  /** Rows of the token table. */
  readonly vocabSize: number;
  /** Width of the token vectors. */
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  /** Rows of the token type table; 0 where the architecture has none. */
  readonly typeVocabSize: number;
  readonly padTokenId: number;
  /** The longest sequence in tokens: what a position table allows; Infinity where positions are computed. */
  readonly maxSequenceLength: number;
}

/** @throws FormatError where the heads do not divide the width; both are named by their keys in config.json. */
export function checkHeadCount(
  reader: ConfigReader,
  { headCount, hiddenSize }: Pick<EncoderConfig, "headCount" | "hiddenSize">,
  headKey: string,
  widthKey: string,
): void {
  if (hiddenSize % headCount === 0) return;
  throw new FormatError(`${headKey} ${headCount} does not divide ${widthKey} ${hiddenSize}`, {
    code: "invalid-value",
    subject: headKey,
    file: reader.file,
  });
}

/** `pad_token_id`, where null stands for the default. */
export function readPadTokenId(reader: ConfigReader, fallback: number): number {
  return reader.has("pad_token_id") ? reader.integer("pad_token_id") : fallback;
}

/** The kernel for an activation in transformers' spelling; null: the identity. */
export function readActivation(reader: ConfigReader, key: string, fallback: string): ActivationName | null {
  const name = reader.string(key, fallback);
  const activation = activationByName(name);
  if (activation === undefined) {
    throw new UnsupportedError(`${key} "${name}" is not supported; known: ${activationNames.join(", ")}`, {
      code: "unsupported-activation",
      subject: name,
      file: reader.file,
    });
  }
  return activation;
}
