/** The architectures that can be loaded, by `model_type` of config.json. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { type FoundCheckpoint, findCheckpoint } from "../checkpoint/open.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { Weights } from "../nn/weights.ts";
import { inOrder } from "../runtime/in-order.ts";
import type { Backend } from "../tensor/backend.ts";
import { BertModel } from "./bert.ts";
import type { EncoderConfig } from "./config.ts";
import { DistilBertModel } from "./distilbert.ts";
import type { Encoder, EncoderParts } from "./encoder.ts";
import { MPNetModel } from "./mpnet.ts";
import { RobertaModel } from "./roberta.ts";
import { rejectAdapter, rejectQuantization } from "./unsupported-weights.ts";

interface Architecture {
  /** The scope that holds the encoder where the checkpoint was saved with a head for some task. */
  readonly prefix: string;
  /** Tensors inside the encoder that the reference does not use either. */
  readonly ignored: readonly string[];
  readConfig(reader: ConfigReader): EncoderConfig;
  maxSequenceLength(config: EncoderConfig): number;
  new (config: EncoderConfig, weights: Weights, parts?: EncoderParts): Encoder;
}

const architectures: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ["bert", BertModel],
  ["roberta", RobertaModel],
  ["xlm-roberta", RobertaModel],
  ["camembert", RobertaModel],
  ["mpnet", MPNetModel],
  ["distilbert", DistilBertModel],
]);

/**
 * Heads of models for other tasks, beside the encoder in the same checkpoint; AutoModel leaves them out.
 * Names as in transformers' `For…` classes.
 */
const taskHeads = [
  "cls.",
  "classifier.",
  "qa_outputs.",
  "lm_head.",
  "score.",
  "pre_classifier.",
  "vocab_transform.",
  "vocab_layer_norm.",
  "vocab_projector.",
];

export interface LoadedEncoder {
  readonly encoder: Encoder;
  /** To be filled before the encoder is used, and disposed of after. */
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
}

/** An encoder of which the small files have been read and checked, and no weights. */
export interface PreparedEncoder {
  readonly config: EncoderConfig;
  /** The longest sequence that the position table allows, in tokens. */
  readonly maxSequenceLength: number;
  readonly found: FoundCheckpoint;
  /** Opens the checkpoint, and declares the encoder over it: everything is checked, nothing is read yet. */
  declare(backend: Backend): Promise<LoadedEncoder>;
}

/** @throws UnsupportedError for a model_type that is not known. */
function architectureOf(reader: ConfigReader): Architecture {
  if (!reader.has("model_type")) {
    throw new FormatError(`"model_type" is missing: is this a transformers model?`, {
      code: "missing-key",
      subject: "model_type",
      file: reader.file,
    });
  }
  const modelType = reader.string("model_type");
  const architecture = architectures.get(modelType);
  if (architecture === undefined) {
    throw new UnsupportedError(
      `model_type "${modelType}" is not supported; known: ${[...architectures.keys()].join(", ")}`,
      { code: "unknown-model-type", subject: modelType, file: reader.file },
    );
  }
  return architecture;
}

/**
 * Checks what the small files of an encoder tell: its config.json, and the index of its checkpoint.
 *
 * @throws UnsupportedError for what is not supported, FormatError for what is wrong, FileError for what is missing
 */
export async function prepareEncoder(
  source: FileSource,
  reader: ConfigReader,
  parts: EncoderParts = {},
): Promise<PreparedEncoder> {
  rejectQuantization(reader);
  const Model = architectureOf(reader);
  const config = Model.readConfig(reader);
  const found = await findCheckpoint(source);
  const { index } = found;
  if (index !== null) build(Model, config, Weights.ofNames(index.weightMap.keys(), index.file), parts);
  return {
    config,
    maxSequenceLength: Model.maxSequenceLength(config),
    found,
    async declare(backend) {
      const checkpoint = await found.open();
      const weights = Weights.of(checkpoint, backend);
      try {
        return { encoder: build(Model, config, weights, parts), weights, checkpoint };
      } catch (error) {
        weights.dispose();
        await checkpoint.close();
        throw error;
      }
    },
  };
}

/** An encoder alone, as AutoModel takes it. @throws as `prepareEncoder`, and UnsupportedError for an adapter. */
export async function prepareBareEncoder(source: FileSource): Promise<PreparedEncoder> {
  const [, config] = await inOrder([rejectAdapter(source), ConfigReader.read(source, "config.json")]);
  return await prepareEncoder(source, config);
}

/** @throws FormatError where the weights do not fit. */
function build(Model: Architecture, config: EncoderConfig, weights: Weights, parts: EncoderParts): Encoder {
  const prefix = weights.hasScope(Model.prefix) ? Model.prefix : "";
  const encoder = new Model(config, weights.scope(prefix), parts);
  const ignored = parts.pooler === false ? [...Model.ignored, "pooler."] : Model.ignored;
  const inside = ignored.map((name) => (prefix === "" ? name : `${prefix}.${name}`));
  weights.assertAllTaken([...inside, ...taskHeads]);
  return encoder;
}
