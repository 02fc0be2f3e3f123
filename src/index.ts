// Models, pools and writers are AsyncDisposable, which a program's own `lib` need not have.
/// <reference lib="esnext.disposable" preserve="true" />
/** The public surface of sentensor. */
export {
  AutoModel,
  type AutoModelOptions,
  type ModelCallOptions,
  type ModelOutput,
  type PretrainedModel,
} from "./auto/auto-model.ts";
export { AutoTokenizer, type AutoTokenizerOptions } from "./auto/auto-tokenizer.ts";
export type { ModelInputs } from "./auto/padded-batch.ts";
export type { PretrainedTokenizer, TokenizedBatch, TokenizerCallOptions } from "./auto/tokenizer-call.ts";
export type {
  CountOptions,
  EncodeOptions,
  EncodeResult,
  FeatureOptions,
  StreamOptions,
  TensorOptions,
  TokenOptions,
  VectorOptions,
} from "./base-model/encode-options.ts";
export type {
  LoadingEvent,
  LoadOptions,
  ModelOptions,
  SentenceTransformerOptions,
} from "./base-model/load-options.ts";
export type { PromptChoice, Prompts } from "./base-model/prompts.ts";
export type { SaveOptions } from "./base-model/save-options.ts";
export type { ChunkingModel, ChunkTextOptions, TextSpan } from "./chunking/chunk-text.ts";
export type {
  EmbeddingsToAppend,
  EmbeddingsToSave,
  StoredEmbeddings,
  StoredTensor,
} from "./embedding-files/content.ts";
export type { DecodeEmbeddingsOptions } from "./embedding-files/encode.ts";
export type { EmbeddingFormat } from "./embedding-files/format.ts";
export type { LoadEmbeddingsOptions } from "./embedding-files/save.ts";
export type { EmbeddingWriter, EmbeddingWriterOptions } from "./embedding-files/writer-node.ts";
export type {
  EmbeddingPrecision,
  QuantizedArray,
  QuantizeOptions,
} from "./embeddings/quantize-embeddings.ts";
export type { Embeddings, Vector } from "./embeddings/rows.ts";
export type { EncodeProgress } from "./encode/progress.ts";
export type { StreamedEmbedding } from "./encode/stream.ts";
export type { TextFeatures } from "./encode/text-features.ts";
export type { TextSource } from "./encode/text-windows.ts";
export type { ErrorCode } from "./error-codes.ts";
export {
  ArgumentError,
  FileError,
  FormatError,
  SentensorError,
  ShapeError,
  UnsupportedError,
} from "./errors.ts";
export type { FileSource, RangeReader } from "./files/file-source.ts";
export type { FileTarget } from "./files/file-target.ts";
export { Dense, type DenseOptions, type DenseParameters } from "./modules/dense.ts";
export type { InputModule, Module } from "./modules/module.ts";
export { Normalize, type NormalizeOptions } from "./modules/normalize.ts";
export { Pooling, type PoolingOptions } from "./modules/pooling.ts";
export type { SavedDType } from "./modules/save-weights.ts";
export { Transformer, type TransformerOptions } from "./modules/transformer.ts";
export { clsPooling } from "./pooling/cls-pooling.ts";
export { maxPooling } from "./pooling/max-pooling.ts";
export { meanPooling } from "./pooling/mean-pooling.ts";
export type { PoolingMode } from "./pooling/modes.ts";
export { SentenceTransformer } from "./sentence-transformer.ts";
export type {
  CommunityDetectionAsyncOptions,
  CommunityDetectionOptions,
} from "./similarity/community-detection.ts";
export type {
  EmbeddingModel,
  ParaphraseMiningEmbeddingsOptions,
  ParaphraseMiningOptions,
  ScoredPair,
} from "./similarity/paraphrase-mining.ts";
export type { ScoreFunction, ScoringOptions } from "./similarity/search.ts";
export type { SemanticSearchAsyncOptions, SemanticSearchOptions } from "./similarity/semantic-search.ts";
export type { SimilarityFunctionName } from "./similarity/similarity-function-name.ts";
export type { PairwiseSimilarityFunction, SimilarityFunction } from "./similarity/similarity-functions.ts";
export type { SearchHit } from "./similarity/top-k.ts";
export { BlobSource } from "./sources/blob-source.ts";
export { HttpSource, type HttpSourceOptions } from "./sources/http-source.ts";
export {
  GatedModelError,
  HubAccessError,
  HubConnectionError,
  HubError,
  HubIntegrityError,
  HubOfflineError,
  HubResponseError,
  HubStorageError,
  ModelNotFoundError,
  RevisionNotFoundError,
} from "./sources/hub/errors.ts";
export type { DownloadingEvent } from "./sources/hub/options.ts";
export { MemorySource } from "./sources/memory-source.ts";
export type { SourceOptions } from "./sources/source-options.ts";
export type { Backend } from "./tensor/backend.ts";
export type { DeviceName } from "./tensor/device.ts";
export type { DType, TensorData } from "./tensor/dtype.ts";
export type { BackendName, BackendOptions } from "./tensor/placement.ts";
export type { Shape } from "./tensor/shape.ts";
export {
  type NestedNumbers,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type TensorOfRank,
} from "./tensor/tensor.ts";
export type { Encoding } from "./tokenizer/encoding.ts";
export type {
  CountTokensOptions,
  DecodeOptions,
  EncodeBatchOptions as TokenizerEncodeBatchOptions,
  EncodeIdsOptions,
  EncodeOptions as TokenizerEncodeOptions,
  TextOrPair,
  TokenizerSettings,
} from "./tokenizer/tokenizer.ts";
export type { TruncationStrategy } from "./tokenizer/truncation.ts";
export { util } from "./util.ts";
export type { EncodingPool } from "./workers/encoding-pool.ts";
export { PoolError } from "./workers/errors.ts";
