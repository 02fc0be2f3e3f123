import type { ModelFile } from "./listing.ts";

/** How the hash that is a file's ETag is made. */
export interface ContentHashRule {
  readonly algorithm: "sha1" | "sha256";
  /** What goes before the file's bytes. */
  readonly prefix: string;
}

/**
 * Files in Git LFS have the SHA-256 of their bytes, all others the object id of git, which counts the size
 * in. undefined: an ETag that some other server made up.
 */
export function contentHashRule({ etag, size }: ModelFile): ContentHashRule | undefined {
  if (etag === undefined || !/^[0-9a-f]+$/.test(etag)) return undefined;
  if (etag.length === 64) return { algorithm: "sha256", prefix: "" };
  if (etag.length === 40 && size !== undefined) return { algorithm: "sha1", prefix: `blob ${size}\0` };
  return undefined;
}

/** What the message of a wrong hash says. */
export function wrongHash(path: string, expected: string | undefined, found: string): string {
  return `${path}: the downloaded file is not the one that the hub lists: hash ${expected} was expected, found ${found}`;
}
