import { ArgumentError, FileError } from "../errors.ts";
import type { RangeReader } from "./file-source.ts";

/** What every reader checks first. @throws FileError where the file ends before `position + length`. */
export function checkReadRange(reader: RangeReader, length: number, position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new ArgumentError(
      `${reader.name}: position: expected a whole number from 0 on, got ${String(position)}`,
      {
        code: "read-out-of-range",
      },
    );
  }
  if (position + length > reader.size) {
    throw new FileError(
      reader.name,
      `ends at byte ${reader.size}; bytes ${position} to ${position + length} were requested`,
      { code: "truncated-file" },
    );
  }
}
