/** Folders that are gone when the test has ended. */
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await makeTemporaryFolder();
  t.after(() => removeFolder(folder));
  return folder;
}

/** For hooks, which have no test to wait for. */
export async function makeTemporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "sentensor-test-"));
}

export async function removeFolder(folder: string): Promise<void> {
  // Files that came along with the one that was read may still be on their way.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/** Of files and links, relative to the folder. */
export async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** Every file below a folder with its bytes, and every link with its target, to compare folders by. */
export async function folderContents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of await pathsBelow(folder)) {
    const file = join(folder, path);
    const target = await readlink(file).catch(() => null);
    found[path] = target === null ? await readFile(file, "latin1") : `link to ${target}`;
  }
  return found;
}
