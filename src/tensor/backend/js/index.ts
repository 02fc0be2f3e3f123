// Written by npm run kernels.
export { activation } from "./activation.ts";
export { attention } from "./attention.ts";
export { embeddingSum } from "./embedding-sum.ts";
export { gatedProduct } from "./gated-product.ts";
export { linear } from "./linear.ts";
export { pool } from "./pool.ts";
