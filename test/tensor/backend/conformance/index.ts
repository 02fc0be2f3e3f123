// Written by npm run kernels.
export * from "./activation.ts";
export * from "./add.ts";
export * from "./attention.ts";
export * from "./embedding-sum.ts";
export * from "./gated-product.ts";
export * from "./layer-norm.ts";
export * from "./linear.ts";
export * from "./normalize-rows.ts";
export * from "./pool.ts";
export * from "./rms-norm.ts";
export * from "./rotary.ts";
