import { FormatError } from "../errors.ts";
import type { RangeReader } from "./file-source.ts";

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: the first line, and never above 1024 bytes. */
const FIRST_LINE = "version https://git-lfs.github.com/spec/";
const LONGEST_POINTER = 1024;

/** A model cloned without Git LFS has a few lines of text in place of each large file. */
export async function checkNotPointer(reader: RangeReader): Promise<void> {
  if (reader.size < FIRST_LINE.length || reader.size >= LONGEST_POINTER) return;
  const start = new Uint8Array(FIRST_LINE.length);
  await reader.readInto(start, 0);
  if (new TextDecoder().decode(start) === FIRST_LINE) {
    throw new FormatError('is only a pointer of Git LFS; fetch the file itself with "git lfs pull"', {
      code: "git-lfs-pointer",
      file: reader.name,
    });
  }
}
