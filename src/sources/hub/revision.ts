import { ArgumentError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import { describe } from "../../runtime/check-arguments.ts";
import { hubPathProblem } from "./hub-path.ts";

/** What the hub calls the newest version of a model. */
export const DEFAULT_REVISION = "main";

/** Whether a revision is a commit in full: it never changes, and is the name of a folder of the cache. */
export function isCommit(revision: unknown): revision is string {
  return typeof revision === "string" && /^[0-9a-f]{40}$/.test(revision);
}

/**
 * A branch, a tag, "refs/pr/1", or a commit, in full or shortened. It becomes part of an address and of a
 * path in the cache.
 *
 * @throws ArgumentError where git could have no such name
 */
export function checkRevision(revision: unknown): string {
  if (typeof revision !== "string") {
    throw new ArgumentError(`revision: expected a branch, a tag or a commit, got ${describe(revision)}`, {
      subject: "revision",
    });
  }
  const problem = revisionProblem(revision);
  if (problem !== undefined) {
    throw new ArgumentError(
      `revision: expected a branch, a tag or a commit, got ${quote(revision)}, which ${problem}`,
      { subject: "revision" },
    );
  }
  return revision;
}

/** `man git-check-ref-format`, and what no path of the cache may contain. */
function revisionProblem(revision: string): string | undefined {
  if (revision.length > 200) return "is too long";
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(revision)) return "contains a character that git forbids";
  if (revision.includes("..") || revision.includes("@{")) return 'contains ".." or "@{"';
  if (revision.startsWith("-")) return 'begins with "-"';
  for (const part of revision.split("/")) {
    if (part.startsWith(".") || part.endsWith(".") || part.endsWith(".lock")) {
      return 'has a part that begins or ends with "." or ends with ".lock"';
    }
  }
  return hubPathProblem(revision);
}
