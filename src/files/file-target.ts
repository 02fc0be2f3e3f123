/** Where a model's files go: the counterpart of `FileSource`. */
export interface FileTarget {
  /** Writes a whole file; folders on the way are made. `path` is relative, with forward slashes. */
  write(path: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
}

/** Takes files, and puts all of them in their places at the end, or none. */
export interface StagedTarget extends FileTarget {
  /** In the order in which they were written. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** The subfolder `folder` of a target; the empty string is the target itself. */
export function prefixedTarget(target: FileTarget, folder: string): FileTarget {
  if (folder === "") return target;
  return { write: (path, content) => target.write(`${folder}/${path}`, content) };
}

/** JSON as the reference writes its settings. */
export function writeJson(target: FileTarget, path: string, value: unknown): Promise<void> {
  return target.write(path, `${JSON.stringify(value, null, 2)}\n`);
}
