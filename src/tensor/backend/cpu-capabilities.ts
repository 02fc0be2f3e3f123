import type { Capabilities } from "../backend.ts";

/** 256 tokens of a model of 384 dimensions fit into the caches of common processors. */
export const CPU_CAPABILITIES: Capabilities = {
  deterministicRows: true,
  computeType: "float32",
  batchTexts: 32,
  batchTokens: 256,
};
