// Models, pools and writers are AsyncDisposable, which a program's own `lib` need not have.
/// <reference lib="esnext.disposable" preserve="true" />
/** The public surface of sentensor. */
export {
  AutoModel,
  type AutoModelOptions,
  type ModelCallOptions,
  type ModelOutput,
  type PretrainedModel,
} from "./auto-model.ts";
export { AutoTokenizer, type AutoTokenizerOptions } from "./auto-tokenizer.ts";
export { BlobSource } from "./checkpoint/blob-source.ts";
export type { FileSource, RangeReader } from "./checkpoint/file-source.ts";
export { HttpSource, type HttpSourceOptions } from "./checkpoint/http-source.ts";
export { MemorySource } from "./checkpoint/memory-source.ts";
export type { DeviceName } from "./device.ts";
export type {
  EncodeOptions,
  FeatureOptions,
  StreamOptions,
  TensorOptions,
  TokenOptions,
  VectorOptions,
} from "./encode/options.ts";
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
} from "./hub/errors.ts";
export type { DownloadingEvent } from "./hub/options.ts";
export { Dense, type DenseOptions, type DenseParameters } from "./modules/dense.ts";
export type { InputModule, Module } from "./modules/module.ts";
export { Normalize, type NormalizeOptions } from "./modules/normalize.ts";
export { Pooling, type PoolingOptions } from "./modules/pooling.ts";
export { Transformer, type TransformerOptions } from "./modules/transformer.ts";
export type { ModelInputs } from "./padded-batch.ts";
export type { EncodingPool } from "./pool/encoding-pool.ts";
export { PoolError } from "./pool/errors.ts";
export { clsPooling } from "./pooling/cls-pooling.ts";
export { maxPooling } from "./pooling/max-pooling.ts";
export { meanPooling } from "./pooling/mean-pooling.ts";
export type { PoolingMode } from "./pooling/modes.ts";
export type { PromptChoice, Prompts } from "./prompts.ts";
export type { FileTarget } from "./save/file-target.ts";
export type { SaveOptions } from "./save/save-model.ts";
export type { SavedDType } from "./save/save-weights.ts";
export {
  type CountOptions,
  type EncodeResult,
  type LoadingEvent,
  type LoadOptions,
  type ModelOptions,
  SentenceTransformer,
  type SentenceTransformerOptions,
} from "./sentence-transformer.ts";
export type { SourceOptions } from "./source-options.ts";
export type { Backend } from "./tensor/backend.ts";
export type { DType, TensorData } from "./tensor/dtype.ts";
export type { BackendName, BackendOptions } from "./tensor/select.ts";
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
export type { PretrainedTokenizer, TokenizedBatch, TokenizerCallOptions } from "./tokenizer-call.ts";
export type { ChunkingModel, ChunkTextOptions, TextSpan } from "./util/chunk-text.ts";
export type {
  CommunityDetectionAsyncOptions,
  CommunityDetectionOptions,
} from "./util/community-detection.ts";
export { util } from "./util/index.ts";
export type {
  EmbeddingModel,
  ParaphraseMiningEmbeddingsOptions,
  ParaphraseMiningOptions,
  ScoredPair,
} from "./util/paraphrase-mining.ts";
export type { EmbeddingPrecision, QuantizedArray, QuantizeOptions } from "./util/quantize-embeddings.ts";
export type { Embeddings, Vector } from "./util/rows.ts";
export type { ScoreFunction, ScoringOptions } from "./util/search.ts";
export type { SemanticSearchAsyncOptions, SemanticSearchOptions } from "./util/semantic-search.ts";
export type { SimilarityFunctionName } from "./util/similarity-function-name.ts";
export type { PairwiseSimilarityFunction, SimilarityFunction } from "./util/similarity-functions.ts";
export type {
  EmbeddingsToAppend,
  EmbeddingsToSave,
  StoredEmbeddings,
  StoredTensor,
} from "./util/stored/content.ts";
export type { DecodeEmbeddingsOptions } from "./util/stored/encode.ts";
export type { EmbeddingFormat } from "./util/stored/format.ts";
export type { LoadEmbeddingsOptions } from "./util/stored/save.ts";
export type { EmbeddingWriter, EmbeddingWriterOptions } from "./util/stored/writer-node.ts";
export type { SearchHit } from "./util/top-k.ts";
