import { ArgumentError } from "../errors.ts";
import { quote } from "./quote.ts";

/**
 * Why `path` cannot name a file inside a model folder; `undefined` where it can. Paths are relative,
 * with forward slashes. Whoever takes a path out of a file asks here first and says which file it was.
 */
export function relativePathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "contains a NUL character";
  if (path.includes("\\")) return "contains a backslash";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "is absolute";
  for (const part of path.split("/")) {
    if (part === "..") return 'contains ".."';
    if (part === "" || part === ".") return "has an empty part";
  }
  return undefined;
}

/** @throws ArgumentError where `path` could leave the folder. */
export function checkRelativePath(sourceName: string, path: string): void {
  const problem = relativePathProblem(path);
  if (problem !== undefined) {
    throw new ArgumentError(
      `${sourceName}: expected a path relative to this folder; ${quote(path)} ${problem}`,
      { code: "path-outside-folder", subject: path },
    );
  }
}

/** What messages call a file of a source. */
export function fileNameIn(sourceName: string, path: string): string {
  return `${sourceName.replace(/\/$/, "")}/${path}`;
}
