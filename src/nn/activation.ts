import type { ActivationName } from "../tensor/backend.ts";

/** transformers activations.py, ACT2FN: the names that stand in config.json; null is the identity. */
const byConfigName: Readonly<Record<string, ActivationName | null>> = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_accurate: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
  sigmoid: "sigmoid",
  linear: null,
};

/** The kernel for `hidden_act` of a config.json; undefined for a name that is not known. */
export function activationByName(name: string): ActivationName | null | undefined {
  return Object.hasOwn(byConfigName, name) ? byConfigName[name] : undefined;
}

export const activationNames: readonly string[] = Object.keys(byConfigName);
