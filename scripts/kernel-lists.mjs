// Writes the lists of the files that kernels stand in, from the kernel table: npm run kernels, after a kernel was added.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** Lists, and what they say of a kernel that has a file beside them. */
const LISTS = {
  "src/tensor/backend/js/reference/index.ts": (name, file) => `export { ${name} } from "./${file}";`,
  "src/tensor/backend/js/index.ts": (name, file) => `export { ${name} } from "./${file}";`,
  "src/tensor/backend/wasm/kernels/index.ts": (name, file) => `export { ${name} } from "./${file}";`,
  "test/tensor/backend/conformance/index.ts": (_, file) => `export * from "./${file}";`,
};

/** Names of kernels are the keys of the table: bundling it would be the only other way to read it here. */
function kernelNames() {
  const table = readFileSync(new URL("src/tensor/kernel-table.ts", root), "utf8");
  const [, kernels] = table.split("export const KERNELS = {");
  return [...kernels.matchAll(/^ {2}(\w+): \{$/gm)].map(([, name]) => name);
}

/** @returns path → content of each list */
export function kernelLists() {
  return Object.fromEntries(
    Object.entries(LISTS).map(([list, line]) => {
      const lines = kernelNames()
        .map((name) => [name, `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`])
        .filter(([, file]) => existsSync(new URL(`${dirname(list)}/${file}`, root)))
        .map(([name, file]) => line(name, file))
        .sort((a, b) => (a.split(" from ")[1] < b.split(" from ")[1] ? -1 : 1));
      return [list, `// Written by npm run kernels.\n${lines.join("\n")}\n`];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [list, content] of Object.entries(kernelLists())) writeFileSync(new URL(list, root), content);
}
