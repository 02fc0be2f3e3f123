/** The architectures that can be loaded, by `model_type` of config.json. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { type FoundCheckpoint, findCheckpoint } from "../checkpoint/open.ts";
import { FormatError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { CONFIG } from "../files/model-files.ts";
import { Weights } from "../nn/weights.ts";
import { inOrder } from "../runtime/in-order.ts";
import type { Backend, MatrixDType } from "../tensor/backend.ts";
import { BertModel } from "./bert.ts";
import type { EncoderConfig } from "./config.ts";
import { DistilBertModel } from "./distilbert.ts";
import type { Encoder, EncoderParts } from "./encoder.ts";
import { MPNetModel } from "./mpnet.ts";
import { RobertaModel } from "./roberta.ts";
import { rejectAdapter, rejectQuantization } from "./unsupported-weights.ts";

/** A model's class, with the static members of one. */
interface Architecture<Config extends EncoderConfig> {
  /** The scope that holds the encoder where the checkpoint was saved with a head for some task. */
  readonly prefix: string;
  /** Tensors inside the encoder that the reference does not use either. */
  readonly ignored: readonly string[];
  readConfig(reader: ConfigReader): Config;
  new (config: Config, weights: Weights, parts?: EncoderParts): Encoder;
}

/** An architecture with one model's configuration, whose type it alone knows. */
interface ConfiguredEncoder {
  readonly config: EncoderConfig;
  /** @throws FormatError where the weights do not fit. */
  build<Head>(weights: Weights, parts: EncoderParts, declareHead: DeclareHead<Head>): Built<Head>;
}

interface Built<Head> {
  readonly encoder: Encoder;
  readonly head: Head;
}

type Configure = (reader: ConfigReader) => ConfiguredEncoder;

const architectures: ReadonlyMap<string, Configure> = new Map([
  ["bert", architecture(BertModel)],
  ["roberta", architecture(RobertaModel)],
  ["xlm-roberta", architecture(RobertaModel)],
  ["camembert", architecture(RobertaModel)],
  ["mpnet", architecture(MPNetModel)],
  ["distilbert", architecture(DistilBertModel)],
]);

function architecture<Config extends EncoderConfig>(Model: Architecture<Config>): Configure {
  return (reader) => {
    const config = Model.readConfig(reader);
    return {
      config,
      build: (weights, parts, declareHead) => build(Model, config, weights, parts, declareHead),
    };
  };
}

/**
 * Heads of models for other tasks, beside the encoder in the same checkpoint; what no head takes is left out.
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

/** Where a head finds its weights. */
export interface HeadContext {
  readonly config: EncoderConfig;
  /** The whole checkpoint: `classifier`, `cls`, `lm_head`. */
  readonly weights: Weights;
  /** The encoder's part of it: its `pooler`, or an embedding table that is the output matrix, too. */
  readonly encoderWeights: Weights;
}

/**
 * Declares what a task adds to an encoder, from the same checkpoint. It is called before the encoder takes its weights,
 * so that a matrix may be shared with a table of the encoder (`Weights.matrix`), and once more, earlier, where an
 * index names all tensors.
 *
 * @throws FormatError where the weights do not fit
 */
export type DeclareHead<Head> = (context: HeadContext) => Head;

export interface LoadedEncoder<Head> {
  readonly encoder: Encoder;
  readonly head: Head;
  /** To be filled before the encoder is used, and disposed of after. */
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
}

/** An encoder of which the small files have been read and checked, and no weights. */
export interface PreparedEncoder<Head> {
  readonly config: EncoderConfig;
  readonly found: FoundCheckpoint;
  /** Opens the checkpoint, and declares encoder and head over it: everything is checked, nothing is read yet. */
  declare(backend: Backend, dtype?: MatrixDType): Promise<LoadedEncoder<Head>>;
}

/** @throws UnsupportedError for a model_type that is not known. */
function configureEncoder(reader: ConfigReader): ConfiguredEncoder {
  if (!reader.has("model_type")) {
    throw new FormatError(`"model_type" is missing: is this a transformers model?`, {
      code: "missing-key",
      subject: "model_type",
      file: reader.file,
    });
  }
  const modelType = reader.string("model_type");
  const configure = architectures.get(modelType);
  if (configure === undefined) {
    throw new UnsupportedError(
      `model_type "${modelType}" is not supported; known: ${[...architectures.keys()].join(", ")}`,
      { code: "unknown-model-type", subject: modelType, file: reader.file },
    );
  }
  return configure(reader);
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
): Promise<PreparedEncoder<null>> {
  return await prepareEncoderWithHead(source, reader, () => null, parts);
}

/** The same with a head for a task. @throws as `prepareEncoder` */
export async function prepareEncoderWithHead<Head>(
  source: FileSource,
  reader: ConfigReader,
  declareHead: DeclareHead<Head>,
  parts: EncoderParts = {},
): Promise<PreparedEncoder<Head>> {
  rejectQuantization(reader);
  const { config, build } = configureEncoder(reader);
  const found = await findCheckpoint(source);
  const { index } = found;
  if (index !== null) build(Weights.ofNames(index.weightMap.keys(), index.file), parts, declareHead);
  return {
    config,
    found,
    async declare(backend, dtype) {
      const checkpoint = await found.open();
      const weights = Weights.of(checkpoint, backend, dtype);
      try {
        return { ...build(weights, parts, declareHead), weights, checkpoint };
      } catch (error) {
        weights.dispose();
        await checkpoint.close();
        throw error;
      }
    },
  };
}

/** An encoder alone, as AutoModel takes it. @throws as `prepareEncoder`, and UnsupportedError for an adapter. */
export async function prepareBareEncoder(source: FileSource): Promise<PreparedEncoder<null>> {
  const [, config] = await inOrder([rejectAdapter(source), ConfigReader.read(source, CONFIG)]);
  return await prepareEncoder(source, config);
}

function build<Config extends EncoderConfig, Head>(
  Model: Architecture<Config>,
  config: Config,
  weights: Weights,
  parts: EncoderParts,
  declareHead: DeclareHead<Head>,
): Built<Head> {
  const prefix = weights.hasScope(Model.prefix) ? Model.prefix : "";
  const encoderWeights = weights.scope(prefix);
  const head = declareHead({ config, weights, encoderWeights });
  const encoder = new Model(config, encoderWeights, parts);
  const ignored = parts.pooler === false ? [...Model.ignored, "pooler."] : Model.ignored;
  const inside = ignored.map((name) => (prefix === "" ? name : `${prefix}.${name}`));
  weights.assertAllTaken([...inside, ...taskHeads]);
  return { encoder, head };
}
