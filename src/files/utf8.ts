import { FormatError } from "../errors.ts";

/** Text out of a file, byte order mark included. `what` is the message's subject: "the header". */
export function decodeUtf8(bytes: Uint8Array, what: string, file: string): string {
  // Browsers' decoders take no shared memory.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(own);
  } catch (cause) {
    throw new FormatError(`${what} is not UTF-8`, { code: "invalid-utf8", file, cause });
  }
}
