import { relativePathProblem } from "../../files/relative-path.ts";

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file: with any extension, too. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;

/**
 * Why the path of a file in a model cannot be one in the cache; undefined where it can. The rules of all
 * systems count on each: caches are shared and copied between them.
 */
export function hubPathProblem(path: string): string | undefined {
  const problem = relativePathProblem(path);
  if (problem !== undefined) return problem;
  if (/[\u0000-\u001f<>:"|?*]/.test(path)) return "contains a character that Windows forbids";
  for (const part of path.split("/")) {
    if (DEVICE.test(part)) return "contains the name of a Windows device";
    if (part.endsWith(".") || part.endsWith(" ")) return 'has a part that ends with "." or a space';
  }
  return undefined;
}

/** An address's path: the slashes stay, everything else is escaped. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
