import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { memoryCheckpoint } from "../checkpoint/memory-checkpoint.ts";
import { findCheckpoint } from "../checkpoint/open.ts";
import { ArgumentError, UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { type FileTarget, writeJson } from "../files/file-target.ts";
import { CONFIG } from "../files/model-files.ts";
import { Linear } from "../nn/linear.ts";
import type { Weights } from "../nn/weights.ts";
import { type OptionNames, readOptions } from "../runtime/check-options.ts";
import type { ActivationName, Backend } from "../tensor/backend.ts";
import { add } from "../tensor/ops/elementwise.ts";
import { scope } from "../tensor/scope.ts";
import type { Features } from "./features.ts";
import {
  type DeclaredModule,
  type Module,
  overCheckpoint,
  type PrepareContext,
  type PreparedModule,
  type WeightContext,
} from "./module.ts";
import { type SavedDType, saveWeights } from "./save-weights.ts";

export interface DenseOptions {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Default: true. */
  readonly bias?: boolean | undefined;
  /** A torch class, by its last name: "Tanh" (the default), "Identity", "ReLU", "GELU", "SiLU", "Sigmoid". */
  readonly activationFunction?: string | undefined;
  /** Default: "sentence_embedding". */
  readonly moduleInputName?: string | undefined;
  /** Default: the input's name. */
  readonly moduleOutputName?: string | undefined;
  /** Adds the input, projected where the widths differ. Default: false. */
  readonly useResidual?: boolean | undefined;
}

/** Numbers for `Dense.fromWeights`. */
export interface DenseParameters {
  /** [outFeatures, inFeatures], row by row. */
  readonly weight: Float32Array;
  /** [outFeatures]; exactly where the option `bias` is true. */
  readonly bias?: Float32Array | undefined;
  /** [outFeatures, inFeatures], where `useResidual` needs a projection. */
  readonly residualWeight?: Float32Array | undefined;
}

const optionNames: OptionNames<DenseOptions> = {
  inFeatures: true,
  outFeatures: true,
  bias: true,
  activationFunction: true,
  moduleInputName: true,
  moduleOutputName: true,
  useResidual: true,
};

const parameterNames: OptionNames<DenseParameters> = { weight: true, bias: true, residualWeight: true };

/** What is left where all defaults are in. */
export type DenseSettings = { readonly [K in keyof DenseOptions]-?: Exclude<DenseOptions[K], undefined> };

/** What config.json calls them: the classes of torch.nn.modules.activation and .linear. */
const activations: ReadonlyMap<string, ActivationName | null> = new Map([
  ["Tanh", "tanh"],
  ["Identity", null],
  ["ReLU", "relu"],
  ["GELU", "gelu"],
  ["SiLU", "silu"],
  ["Sigmoid", "sigmoid"],
]);

/**
 * A linear layer and an activation over one feature: [rows, in] → [rows, out].
 * sentence-transformers v6.0.1, base/modules/dense.py.
 */
export class Dense implements Module {
  readonly type = "Dense";
  readonly options: DenseSettings;
  readonly linear: Linear;
  readonly residual: Linear | null;
  readonly #activation: ActivationName | null;
  readonly #weights: Weights;
  readonly #open: () => Promise<Checkpoint>;

  private constructor(
    { options, activation }: SettledDense,
    weights: Weights,
    open: () => Promise<Checkpoint>,
  ) {
    const { inFeatures, outFeatures, bias, useResidual } = options;
    this.options = options;
    this.linear = new Linear(inFeatures, outFeatures, weights.scope("linear"), { bias });
    this.residual =
      useResidual && inFeatures !== outFeatures
        ? new Linear(inFeatures, outFeatures, weights.scope("residual"), { bias: false })
        : null;
    weights.assertAllTaken();
    this.#activation = activation;
    this.#weights = weights;
    this.#open = open;
  }

  /** Checks the checkpoint and reserves memory; `fill` reads it. */
  static declare(
    settings: SettledDense,
    open: () => Promise<Checkpoint>,
    context: WeightContext,
  ): Promise<DeclaredModule> {
    return overCheckpoint(open, context, (weights) => new Dense(settings, weights, open));
  }

  static async prepare({ source }: PrepareContext): Promise<PreparedModule> {
    const reader = await ConfigReader.read(source, CONFIG);
    const moduleInputName = reader.string("module_input_name", "sentence_embedding");
    const options: DenseOptions = {
      inFeatures: reader.integer("in_features", { minimum: 1 }),
      outFeatures: reader.integer("out_features", { minimum: 1 }),
      bias: reader.boolean("bias", true),
      activationFunction: reader.string("activation_function", "torch.nn.modules.activation.Tanh"),
      moduleInputName,
      moduleOutputName: reader.string("module_output_name", moduleInputName),
      useResidual: reader.boolean("use_residual", false),
    };
    const settings = settleDense(options, reader.file);
    const { open } = await findCheckpoint(source);
    return {
      type: "Dense",
      takesText: false,
      embeddingDimension: options.outFeatures,
      inputDimension: takenWidth(settings.options),
      declare: (context) => Dense.declare(settings, open, context),
    };
  }

  /** A Dense from numbers in memory. */
  static async fromWeights(
    options: DenseOptions,
    parameters: DenseParameters,
    backend: Backend,
  ): Promise<Dense> {
    options = readOptions("Dense.fromWeights", options, optionNames);
    parameters = readOptions("Dense.fromWeights: parameters", parameters, parameterNames);
    const { inFeatures, outFeatures } = options;
    if ((parameters.bias !== undefined) !== (options.bias ?? true)) {
      throw new ArgumentError(
        "Dense.fromWeights: expected `bias` values exactly if the option `bias` is true",
        { subject: "bias" },
      );
    }
    const checkpoint = memoryCheckpoint("Dense.fromWeights", [
      { name: "linear.weight", shape: [outFeatures, inFeatures], values: parameters.weight },
      ...(parameters.bias ? [{ name: "linear.bias", shape: [outFeatures], values: parameters.bias }] : []),
      ...(parameters.residualWeight
        ? [{ name: "residual.weight", shape: [outFeatures, inFeatures], values: parameters.residualWeight }]
        : []),
    ]);
    const settings = settleDense(options, "Dense.fromWeights");
    const declared = await Dense.declare(settings, async () => checkpoint, { backend, dtype: "float32" });
    await declared.fill({});
    return declared.module as Dense;
  }

  get embeddingDimension(): number {
    return this.options.outFeatures;
  }

  get inputDimension(): number | undefined {
    return takenWidth(this.options);
  }

  forward(features: Features): void {
    const { moduleInputName, moduleOutputName, useResidual } = this.options;
    const x = features.get(moduleInputName);
    const result = scope(this.#weights.backend, () => {
      if (!useResidual) return this.linear.forward(x, { activation: this.#activation });
      if (this.residual === null) {
        return this.linear.forward(x, { activation: this.#activation, residual: x });
      }
      return add(this.linear.forward(x, { activation: this.#activation }), this.residual.forward(x));
    });
    features.set(moduleOutputName, result);
  }

  dispose(): void {
    this.#weights.dispose();
  }

  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    const { inFeatures, outFeatures, bias, moduleInputName, moduleOutputName, useResidual } = this.options;
    await writeJson(target, CONFIG, {
      in_features: inFeatures,
      out_features: outFeatures,
      bias,
      activation_function: torchClass(this.options.activationFunction),
      // Versions that do not know these keys refuse them.
      ...(moduleInputName === "sentence_embedding" ? {} : { module_input_name: moduleInputName }),
      ...(moduleOutputName === moduleInputName ? {} : { module_output_name: moduleOutputName }),
      ...(useResidual ? { use_residual: true } : {}),
    });
    await saveWeights(target, this.#open, dtype);
  }
}

/** Complete and checked. */
export interface SettledDense {
  readonly options: DenseSettings;
  readonly activation: ActivationName | null;
}

/** With the defaults. `file`: what names the activation. @throws UnsupportedError for an unknown activation. */
export function settleDense(given: DenseOptions, file: string): SettledDense {
  const moduleInputName = given.moduleInputName ?? "sentence_embedding";
  const options: DenseSettings = {
    inFeatures: given.inFeatures,
    outFeatures: given.outFeatures,
    bias: given.bias ?? true,
    activationFunction: given.activationFunction ?? "Tanh",
    moduleInputName,
    moduleOutputName: given.moduleOutputName ?? moduleInputName,
    useResidual: given.useResidual ?? false,
  };
  const { activationFunction } = options;
  const activation = activations.get(
    activationFunction.replace(/^torch\.nn\.(modules\.(activation|linear)\.)?/, ""),
  );
  if (activation === undefined) {
    throw new UnsupportedError(
      `activation_function "${activationFunction}" is not supported; known: ${[...activations.keys()].join(", ")}`,
      { code: "unsupported-activation", subject: activationFunction, file },
    );
  }
  return { options, activation };
}

/** Unknown where it takes another feature than the chain hands on. */
function takenWidth({ moduleInputName, inFeatures }: DenseSettings): number | undefined {
  return ["sentence_embedding", "token_embeddings"].includes(moduleInputName) ? inFeatures : undefined;
}

/** Where torch keeps the class of an activation. */
function torchClass(name: string): string {
  const last = name.slice(name.lastIndexOf(".") + 1);
  return last === "Identity" ? "torch.nn.modules.linear.Identity" : `torch.nn.modules.activation.${last}`;
}
