/**
 * What the public types promise, for the compiler alone: nothing here is run. It is compiled against the declarations of
 * the package, with `skipLibCheck: false`, by every compiler that is supported (TypeScript 5.2 and newer).
 */
import {
  AutoModel,
  AutoTokenizer,
  type ChunkTextOptions,
  type CommunityDetectionAsyncOptions,
  type CommunityDetectionOptions,
  type CountOptions,
  type DecodeEmbeddingsOptions,
  type Dense,
  type DenseOptions,
  type EmbeddingPrecision,
  type EmbeddingsToSave,
  type EmbeddingWriter,
  type EmbeddingWriterOptions,
  type EncodeOptions,
  type EncodeResult,
  type EncodingPool,
  type HttpSource,
  type HttpSourceOptions,
  type LoadEmbeddingsOptions,
  type LoadOptions,
  type ModelCallOptions,
  meanPooling,
  type NestedNumbers,
  type Normalize,
  type NormalizeOptions,
  type ParaphraseMiningEmbeddingsOptions,
  type ParaphraseMiningOptions,
  type Pooling,
  type PoolingOptions,
  type QuantizeOptions,
  type SaveOptions,
  type SemanticSearchAsyncOptions,
  type SemanticSearchOptions,
  SentenceTransformer,
  type SentenceTransformerOptions,
  type StreamOptions,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type TextFeatures,
  type TokenizerCallOptions,
  type TokenizerEncodeOptions,
  type Transformer,
  type TransformerOptions,
  util,
} from "sentensor";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles where the type of `value` is exactly `Expected`. */
function isExactly<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Same<Actual, Expected> extends true ? [] : [never]): void => {};
}

/** Compiles where both types are the same. */
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

// @ts-expect-error: the premise: types that differ are told apart
isExactly<string>()(1 as number);
// @ts-expect-error: the premise
same<string, number>();

export async function encodes(
  model: SentenceTransformer,
  pool: EncodingPool,
  either: string | string[],
  options: EncodeOptions,
): Promise<void> {
  isExactly<Float32Array>()(await model.encode("a"));
  isExactly<Float32Array[]>()(await model.encode(["a"]));
  isExactly<Float32Array[]>()(await model.encode(["a"] as const));
  isExactly<Float32Array | Float32Array[]>()(await model.encode(either));
  isExactly<Float32Array | Float32Array[]>()(await model.encode(either, { pool, batchSize: 8 }));
  isExactly<Float32Array | Float32Array[]>()(await model.encodeQuery(either));
  isExactly<Float32Array | Float32Array[]>()(
    await model.encodeDocument(either, { normalizeEmbeddings: true }),
  );
  isExactly<Float32Array[]>()(await model.encodeMultiProcess(["a"], pool));
  isExactly<Float32Array | Float32Array[]>()(await model.encodeMultiProcess(either, pool, { chunkSize: 4 }));
  isExactly<Int8Array | Int8Array[]>()(await model.encode(either, { precision: "int8" }));
  const precision = "uint8" as EmbeddingPrecision;
  isExactly<Float32Array | Int8Array | Uint8Array>()(await model.encode("a", { precision }));
  isExactly<Tensor1D>()(await model.encode("a", { convertToTensor: true }));
  isExactly<Tensor2D>()(await model.encode(["a"], { convertToTensor: true }));
  isExactly<Tensor1D | Tensor2D>()(await model.encode(either, { convertToTensor: true }));
  isExactly<Tensor2D>()(await model.encode("a", { outputValue: "token_embeddings" }));
  isExactly<Tensor2D | Tensor2D[]>()(await model.encode(either, { outputValue: "token_embeddings" }));
  isExactly<TextFeatures | TextFeatures[]>()(await model.encode(either, { outputValue: null }));
  isExactly<EncodeResult>()(await model.encode(either, options));
  isExactly<EncodeResult>()(await model.encode("a", { convertToTensor: either === "a" }));
  for await (const { embedding } of model.encodeStream(["a"])) isExactly<Float32Array>()(embedding);
  // @ts-expect-error: a number is no text
  await model.encode(1);
  // @ts-expect-error: no such option
  await model.encode("a", { normalize: true });
  // @ts-expect-error: no such option
  await SentenceTransformer.load("a", { quantized: true });
}

export async function tensors(model: SentenceTransformer, any: Tensor): Promise<void> {
  const matrix = await model.encode(["a"], { convertToTensor: true });
  isExactly<number[][]>()(matrix.toArray());
  isExactly<number[][]>()(matrix.tolist());
  isExactly<number[][]>()(model.similarity(matrix, matrix).toArray());
  isExactly<number[]>()(model.similarityPairwise(matrix, matrix).toArray());
  isExactly<number[][]>()(util.cosSim(matrix, matrix).tolist());
  isExactly<number[]>()(util.pairwiseDotScore(matrix, matrix).tolist());
  isExactly<Tensor2D>()(util.normalizeEmbeddings(matrix));
  isExactly<Tensor2D>()(util.truncateEmbeddings(matrix, 4));
  isExactly<Tensor2D>()(util.quantizeEmbeddings(matrix, "int8"));
  isExactly<Tensor1D>()(matrix.row(0));
  isExactly<Tensor2D>()(matrix.slice(0, 1));
  const [rows, columns] = matrix.shape;
  isExactly<number>()(rows * columns);
  for (const row of matrix) {
    isExactly<Tensor1D>()(row);
    for (const value of row) isExactly<number>()(value);
  }
  isExactly<NestedNumbers>()(any.toArray());
  isExactly<number>()(any.item());
  isExactly<Tensor2D>()(any.reshape([2, -1]));
  isExactly<Tensor3D>()(any.reshape([2, 2, -1]));
  isExactly<Tensor2D>()(Tensor.from([1, 2], [1, 2]));
  isExactly<Tensor1D>()(Tensor.from(Float32Array.of(1)));
  isExactly<Tensor>()(Tensor.from([1], any.shape));
  const widened: Tensor = matrix;
  if (widened instanceof Tensor) isExactly<readonly number[]>()(widened.dims);
  // @ts-expect-error: a tensor of any shape is no matrix
  const narrowed: Tensor2D = any;
  void narrowed;
}

export async function transformers(): Promise<void> {
  const tokenizer = await AutoTokenizer.fromPretrained("a");
  const model = await AutoModel.fromPretrained("a");
  const encoded = tokenizer(["a"], { padding: true });
  isExactly<number[][]>()(encoded.inputIds.toArray());
  const { lastHiddenState, poolerOutput } = await model(encoded);
  isExactly<Tensor3D>()(lastHiddenState);
  isExactly<Tensor2D | null>()(poolerOutput);
  isExactly<Tensor2D>()(meanPooling(lastHiddenState, encoded.attentionMask));
  const ids = encoded.inputIds.row(0);
  isExactly<string>()(tokenizer.decode(ids));
  isExactly<string[]>()(tokenizer.decodeBatch(encoded.inputIds));
}

/** Options are exported by the names that functions use. */
export function options(): void {
  type Model = SentenceTransformer;
  type Tokenizer = Awaited<ReturnType<typeof AutoTokenizer.fromPretrained>>;
  type Encoder = Awaited<ReturnType<typeof AutoModel.fromPretrained>>;
  type Given<F extends (...args: never[]) => unknown, Index extends number> = Exclude<
    Parameters<F>[Index],
    undefined
  >;
  same<Given<typeof SentenceTransformer.load, 1>, LoadOptions>();
  same<ConstructorParameters<typeof SentenceTransformer>[0], SentenceTransformerOptions>();
  same<Given<Model["encode"], 1>, EncodeOptions>();
  same<Given<Model["encodeStream"], 1>, StreamOptions<EmbeddingPrecision>>();
  same<Given<Model["countTokens"], 1>, CountOptions>();
  same<Given<Model["save"], 1>, SaveOptions>();
  same<Given<Tokenizer["encode"], 1>, TokenizerEncodeOptions>();
  same<Given<Tokenizer, 1>, TokenizerCallOptions>();
  same<Given<Encoder, 1>, ModelCallOptions>();
  same<Given<typeof Transformer.fromPretrained, 1>, TransformerOptions>();
  same<ConstructorParameters<typeof Pooling>[0], PoolingOptions>();
  same<Exclude<ConstructorParameters<typeof Normalize>[0], undefined>, NormalizeOptions>();
  same<Given<typeof Dense.fromWeights, 0>, DenseOptions>();
  same<Exclude<ConstructorParameters<typeof HttpSource>[1], undefined>, HttpSourceOptions>();
  same<Given<typeof util.semanticSearch, 2>, SemanticSearchOptions>();
  same<Given<typeof util.semanticSearchAsync, 2>, SemanticSearchAsyncOptions>();
  same<Given<typeof util.paraphraseMining, 2>, ParaphraseMiningOptions>();
  same<Given<typeof util.paraphraseMiningEmbeddings, 1>, ParaphraseMiningEmbeddingsOptions>();
  same<Given<typeof util.communityDetection, 1>, CommunityDetectionOptions>();
  same<Given<typeof util.communityDetectionAsync, 1>, CommunityDetectionAsyncOptions>();
  same<Given<typeof util.quantizeEmbeddings, 2>, QuantizeOptions>();
  same<Given<typeof util.chunkText, 2>, ChunkTextOptions>();
  same<Given<typeof util.saveEmbeddings, 1>, EmbeddingsToSave>();
  same<
    Given<typeof util.loadEmbeddings, 1>["convertToTensor"],
    LoadEmbeddingsOptions["convertToTensor"] & (false | undefined)
  >();
  same<Given<typeof util.decodeEmbeddings, 2>["name"], DecodeEmbeddingsOptions["name"]>();
  same<Given<typeof util.openEmbeddingWriter, 1>, EmbeddingWriterOptions>();
  same<Awaited<ReturnType<typeof util.openEmbeddingWriter>>, EmbeddingWriter>();
}

/** Bytes that the runtime's own functions take. */
export async function bytes(): Promise<Blob> {
  return new Blob([await util.encodeEmbeddings({ embeddings: [[1]] }, "npy")]);
}
