import type { Content, StoredDType } from "./content.ts";

/** What all vectors of a file have in common. */
export interface GrowingLayout {
  readonly dtype: StoredDType;
  readonly dimension: number;
  /** Whether every vector has a sentence. */
  readonly sentences: boolean;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A file that vectors are being appended to. */
export interface GrowingFile {
  readonly layout: GrowingLayout;
  /** Vectors in the file. */
  readonly count: number;
  /** Appends all or, where it throws, none. The content fits the layout. */
  append(content: Content): Promise<void>;
  /** Waits until all is on the disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is there already, and has not been touched yet. */
export interface ExistingFile {
  readonly layout: GrowingLayout;
  /** Vectors in the file. */
  readonly count: number;
  /** Whether it was closed; else something follows its vectors, or is still missing. */
  readonly complete: boolean;
  /** Opens it for appending. */
  continue(): Promise<GrowingFile>;
}
