/** What a pool and its workers say to each other: plain data. */
import type { RunSettings } from "../encode/pipeline.ts";
import type { ModuleSettings } from "../modules/load-modules.ts";
import type { ThreadOrigin } from "../sources/reopen-model.ts";
import type { TextOrPair } from "../tokenizer/tokenizer.ts";
import type { PackedError } from "./packed-error.ts";

/** Texts that one worker encodes at a time. */
export interface ChunkMessage {
  readonly kind: "encode";
  readonly id: number;
  /** A key of `workerOutputs`. */
  readonly output: string;
  readonly texts: readonly TextOrPair[];
  readonly job: RunSettings;
  /** null: as the model was loaded. */
  readonly maxSeqLength: number | null;
}

export type ToWorker =
  | { readonly kind: "load"; readonly origin: ThreadOrigin; readonly settings: ModuleSettings }
  | ChunkMessage
  /** Nobody waits for the chunk any more. */
  | { readonly kind: "cancel"; readonly id: number }
  | FileAnswer;

export type FromWorker =
  /** Its program runs. */
  | { readonly kind: "started" }
  | { readonly kind: "ready" }
  /** The model could not be loaded. */
  | { readonly kind: "unready"; readonly error: PackedError }
  | { readonly kind: "done"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly error: PackedError }
  | FileQuestion;

/** A call of a method of a `FileSource`, or of a file that it opened, which only the pool's thread can see. */
export interface FileQuestion {
  readonly kind: "file";
  readonly id: number;
  readonly call: FileCall;
}

export type FileCall =
  | { readonly method: "exists" | "read" | "open"; readonly path: string }
  | {
      readonly method: "readInto";
      readonly file: number;
      readonly position: number;
      readonly length: number;
    }
  | { readonly method: "close"; readonly file: number };

export interface FileAnswer {
  readonly kind: "file";
  readonly id: number;
  readonly result?: unknown;
  readonly error?: PackedError;
}

/** What `open` answers. */
export interface OpenedFile {
  readonly file: number;
  readonly name: string;
  readonly size: number;
}
