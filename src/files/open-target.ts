import { ArgumentError, UnsupportedError } from "../errors.ts";
import { describe } from "../runtime/check-arguments.ts";
import { isNodeCompatible } from "../runtime/environment.ts";
import type { FileTarget, StagedTarget } from "./file-target.ts";

/** A folder on disk, where there are folders, or a target of the caller's own, which has each file at once. */
export async function openTarget(target: string | URL | FileTarget): Promise<StagedTarget> {
  if (typeof target === "object" && target !== null && !(target instanceof URL)) {
    return {
      write: (path, content) => target.write(path, content),
      commit: async () => {},
      discard: async () => {},
    };
  }
  if (!(target instanceof URL) && (typeof target !== "string" || target === "")) {
    throw new ArgumentError(
      `save: expected the path of a folder or a FileTarget, got ${target === "" ? '""' : describe(target)}`,
      { subject: "target" },
    );
  }
  if (!isNodeCompatible()) {
    throw new UnsupportedError(`"${target}": this runtime has no folders; pass a FileTarget`, {
      code: "no-file-system",
      subject: String(target),
    });
  }
  const { folderTarget } = await import("./folder-target-node.ts");
  return folderTarget(target);
}
