import { TWO_TOKENS } from "../models/encoder.ts";
import { Features } from "./features.ts";
import type { Module } from "./module.ts";
import { Router } from "./router.ts";

/** Two tokens through the modules, every way that a text can take: which kernels do they call? */
export async function forwardTwoTokens(modules: readonly Module[]): Promise<void> {
  for (const chain of chainsOf(modules)) {
    const features = new Features(TWO_TOKENS);
    try {
      for (const module of chain) await module.forward(features, {});
    } finally {
      features.dispose();
    }
  }
}

/** A router's routes each make a chain of their own. */
function chainsOf([module, ...others]: readonly Module[]): Module[][] {
  if (module === undefined) return [[]];
  const rests = chainsOf(others);
  const beginnings =
    module instanceof Router ? [...module.settings.routes.values()].flatMap(chainsOf) : [[module]];
  return beginnings.flatMap((beginning) => rests.map((rest) => [...beginning, ...rest]));
}
