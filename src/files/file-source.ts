/**
 * Where a model's files come from: a folder, the hub's cache, an HTTP address, files dropped into a
 * browser. Everything above this interface works the same in every runtime.
 */
export interface FileSource {
  /** What the user called this place: a path, an address. Error messages begin with it. */
  readonly name: string;

  /** Whether `path` (relative, with forward slashes) is there. */
  exists(path: string): Promise<boolean>;

  /** Opens a file for reading by ranges. @throws FileError where it is missing or unreadable. */
  open(path: string): Promise<RangeReader>;

  /**
   * Whether opening `path` needs no transfer over a network. Where it does, and in sources without this method, all
   * that small files tell is checked before weights are opened; else weights are read beside it.
   */
  isLocal?(path: string): Promise<boolean>;

  /** The whole file. @throws FileError where it is missing or unreadable. */
  read(path: string): Promise<Uint8Array>;
}

/** One open file, read by ranges: a 2.2 GB checkpoint needs no 2.2 GB copy. */
export interface RangeReader {
  /** What error messages call the file. */
  readonly name: string;

  /** In bytes. Beyond 2^31 is normal. */
  readonly size: number;

  /** Whether reads of several places at once are faster than one after the other: so it is on disks. */
  readonly parallel?: boolean;

  /**
   * Fills `target` with the bytes that begin at `position`. `target` may lie in shared memory.
   * @throws FileError where the file ends before `target` is full, or cannot be read.
   */
  readInto(target: Uint8Array, position: number): Promise<void>;

  close(): Promise<void>;
}
