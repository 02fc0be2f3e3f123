/** The pooling modes by the reference's names, and the reduction that each one is. */
import type { PoolingReduction } from "../tensor/backend.ts";

export type PoolingMode = "cls" | "max" | "mean" | "mean_sqrt_len_tokens" | "weightedmean" | "lasttoken";

export const reductionOfMode: Readonly<Record<PoolingMode, PoolingReduction>> = {
  cls: "first",
  max: "max",
  mean: "mean",
  mean_sqrt_len_tokens: "mean_sqrt_length",
  weightedmean: "weighted_mean",
  lasttoken: "last",
};

export const poolingModes = Object.keys(reductionOfMode) as readonly PoolingMode[];

export function isPoolingMode(name: unknown): name is PoolingMode {
  return typeof name === "string" && Object.hasOwn(reductionOfMode, name);
}
