import type { FileSource } from "../../files/file-source.ts";

/** What is reported while files are downloaded. */
export interface DownloadingEvent {
  readonly status: "downloading";
  /** Its path in the model: "model.safetensors". */
  readonly file: string;
  /** Bytes. */
  readonly loaded: number;
  /** Bytes; undefined where the server does not say. */
  readonly total: number | undefined;
}

export interface HubOptions {
  /** A branch, a tag, or a commit; "main" where it is not given. */
  readonly revision?: string | undefined;
  /**
   * For private and gated models. Where it is not given or `true`: the one of HF_TOKEN, or of the file that
   * `hf auth login` writes. `false`: none.
   */
  readonly token?: string | boolean | undefined;
  /** Where the cache lies; by default where huggingface_hub has it, too. Not in browsers. */
  readonly cacheFolder?: string | undefined;
  /** Nothing is downloaded: what is in the cache has to do. */
  readonly localFilesOnly?: boolean | undefined;
  /** The hub's address; by default HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string | undefined;
  readonly progress?: ((event: DownloadingEvent) => void) | undefined;
  /** A bar on stderr, where that is a terminal. */
  readonly showProgressBar?: boolean | undefined;
  /** Ends everything that the model's source does, also after it has been opened. */
  readonly signal?: AbortSignal | undefined;
  /** What requests go through; the runtime's own `fetch` where it is not given. */
  readonly fetch?: typeof fetch | undefined;
}

/** The files of a model of the hub. Each is downloaded when it is opened, unless the cache has it. */
export interface HubModel extends FileSource {
  /** As the hub calls it: "sentence-transformers/all-MiniLM-L6-v2". */
  readonly name: string;
  /** The version of the files, 40 hexadecimal digits. */
  readonly commit: string;
  /**
   * Why only the cache serves: downloads are switched off, or the hub did not answer. undefined: it did.
   * What the cache has may then be older than what the hub has.
   */
  readonly offline: Error | undefined;
  /** Where the files lie under their names: the snapshot in the cache. undefined in browsers. */
  readonly folder: string | undefined;
}
