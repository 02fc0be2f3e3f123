import { Pauses } from "../runtime/scheduling.ts";
import type { Backend } from "../tensor/backend.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { EncoderOptions, EncoderOutput } from "./encoder.ts";

/**
 * Runs the layers one after the other, and lets the event loop turn in between: one layer of a large
 * model on a slow backend takes as long as a whole small model.
 * Takes over `hidden`, the output of the embeddings.
 */
export async function runLayers(
  backend: Backend,
  hidden: Tensor,
  layers: readonly ((hidden: Tensor) => Tensor)[],
  { outputHiddenStates = false, signal }: EncoderOptions,
): Promise<EncoderOutput> {
  const pauses = new Pauses(signal);
  const states = [hidden];
  try {
    for (const layer of layers) {
      await pauses.pause();
      const input = states.at(-1)!;
      states.push(scope(backend, () => layer(input)));
      if (!outputHiddenStates) states.shift()!.dispose();
    }
  } catch (error) {
    for (const state of states) state.dispose();
    throw error;
  }
  return { lastHiddenState: states.at(-1)!, hiddenStates: outputHiddenStates ? states : null };
}
