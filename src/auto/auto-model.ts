import type { FileSource } from "../files/file-source.ts";
import type { EncoderConfig } from "../models/config.ts";
import { type Encoder, TWO_TOKENS } from "../models/encoder.ts";
import { prepareBareEncoder } from "../models/registry.ts";
import type { Weights } from "../nn/weights.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import { Lifetime } from "../runtime/lifetime.ts";
import { whileRunning } from "../runtime/signals.ts";
import { openModelSource } from "../sources/model-source.ts";
import { type SourceOptions, sourceOptionNames } from "../sources/source-options.ts";
import { checkPlacement, type PlacementOptions, placementOptionNames } from "../tensor/placement.ts";
import { fillAndPrepare } from "../tensor/record-kernels.ts";
import { withBackend } from "../tensor/select.ts";
import type { Tensor, Tensor2D, Tensor3D } from "../tensor/tensor.ts";
import { type ModelInputs, packBatch, unpackRows, unpackTokens } from "./padded-batch.ts";

/** Where the files come from and where the model computes: as in `SentenceTransformer.load`. */
export interface AutoModelOptions extends SourceOptions, PlacementOptions {}

const optionNames: OptionNames<AutoModelOptions> = { ...sourceOptionNames, ...placementOptionNames };

export interface ModelCallOptions {
  /** Also give the embedding output and the output of every layer. Default: false. */
  readonly outputHiddenStates?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const callOptionNames: OptionNames<ModelCallOptions> = { outputHiddenStates: true, signal: true };

/** Tensors in host memory. Vectors of padding are 0 (the reference leaves arbitrary numbers there). */
export interface ModelOutput {
  /** [batch, length, hidden] */
  readonly lastHiddenState: Tensor3D;
  /** [batch, hidden]; null where the checkpoint has no pooler. (The reference makes up random weights then.) */
  readonly poolerOutput: Tensor2D | null;
  /** With `outputHiddenStates`: the embedding output, then each layer's, each [batch, length, hidden]. */
  readonly hiddenStates: readonly Tensor3D[] | null;
}

/** An encoder that is called with what a tokenizer gives. */
export interface PretrainedModel {
  (inputs: ModelInputs, options?: ModelCallOptions): Promise<ModelOutput>;
  readonly config: EncoderConfig;
  /** Frees the memory of the weights once running calls are done. Further calls reject ("disposed"). */
  dispose(): Promise<void>;
}

async function fromPretrained(
  model: string | URL | FileSource,
  options: AutoModelOptions = {},
): Promise<PretrainedModel> {
  options = readOptions("AutoModel", options, optionNames);
  const placement = checkPlacement(options);
  return await whileRunning(options.signal, (signal) =>
    withBackend(placement, async (backend) => {
      const source = await openModelSource(model, { ...options, signal });
      const prepared = await prepareBareEncoder(source);
      const { encoder, weights, checkpoint } = await prepared.declare(backend, placement.dtype);
      try {
        await fillAndPrepare(
          backend,
          () => forwardTwoTokens(encoder),
          () => weights.fill({ signal }),
        );
        return callable(encoder, weights);
      } catch (error) {
        weights.dispose();
        throw error;
      } finally {
        await checkpoint.close();
      }
    }),
  );
}

/**
 * Loads an encoder by the `model_type` of its config.json, without pooling and other modules. The model is called
 * as in `SentenceTransformer.load`.
 */
export const AutoModel = { fromPretrained } as const;

function callable(encoder: Encoder, weights: Weights): PretrainedModel {
  const lifetime = new Lifetime();
  const call = async (inputs: ModelInputs, options?: ModelCallOptions) =>
    await lifetime.run("AutoModel", () => runEncoder(encoder, inputs, options));
  return Object.assign(call, {
    config: encoder.config,
    dispose: () =>
      lifetime.end(async () => {
        weights.dispose();
        await encoder.backend.dispose();
      }),
  });
}

async function forwardTwoTokens(encoder: Encoder): Promise<void> {
  const { lastHiddenState } = await encoder.forward(TWO_TOKENS);
  encoder.pool(lastHiddenState, TWO_TOKENS.offsets)?.dispose();
  lastHiddenState.dispose();
}

async function runEncoder(
  encoder: Encoder,
  inputs: ModelInputs,
  options: ModelCallOptions = {},
): Promise<ModelOutput> {
  options = readOptions("model", options, callOptionNames);
  const { outputHiddenStates = false, signal } = options;
  const { backend } = encoder;
  if (backend.lost !== null) throw backend.lost;
  const packed = packBatch(inputs, encoder.positionsCount);
  const width = encoder.config.hiddenSize;
  const output = await encoder.forward(packed.tokens, { outputHiddenStates, signal });
  // The last of the hidden states is the last hidden state.
  const states = output.hiddenStates ?? [output.lastHiddenState];
  let pooled: Tensor | null = null;
  try {
    pooled = encoder.pool(output.lastHiddenState, packed.tokens.offsets);
    const reads = Promise.all([pooled, ...states].map((tensor) => tensor?.read()));
    const [[pooledData, ...data]] = (await Promise.all([reads, backend.settle()])) as [
      [Float32Array | undefined, ...Float32Array[]],
      undefined,
    ];
    const hiddenStates = data.map((values) => unpackTokens(packed, values, width));
    return {
      lastHiddenState: hiddenStates.at(-1)!,
      poolerOutput: pooledData ? unpackRows(packed, pooledData, width) : null,
      hiddenStates: output.hiddenStates && hiddenStates,
    };
  } finally {
    for (const tensor of states) tensor.dispose();
    pooled?.dispose();
  }
}
