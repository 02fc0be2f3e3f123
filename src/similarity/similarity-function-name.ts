/** The functions that compare embeddings, by their names in `config_sentence_transformers.json`. */
export const similarityFunctionNames = ["cosine", "dot", "euclidean", "manhattan"] as const;

export type SimilarityFunctionName = (typeof similarityFunctionNames)[number];
