/** What is measured of one build, in processes of its own. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type Figures = Readonly<Record<string, { readonly value: number; readonly unit: string }>>;

const run = promisify(execFile);
const driver = fileURLToPath(new URL("./driver.mjs", import.meta.url));

/** @param entry the address of the build's ES module */
export async function runProcess(entry: string, model: string, options: object): Promise<Figures> {
  const { stdout } = await run(process.execPath, [driver, entry, model, JSON.stringify(options)]);
  const figures = Object.entries(JSON.parse(stdout) as Record<string, number>);
  return Object.fromEntries(
    figures.map(([name, value]) => [name, { value, unit: name === "peak memory" ? "MB" : "ms" }]),
  );
}

/** The best speed of each kernel and shape, as the checkout's own benchmark prints it. */
export async function benchKernels(
  checkout: string,
  backend: string,
  filters: readonly string[],
): Promise<Figures> {
  const { stdout } = await run("npx", ["tsx", "bench/run.ts", "kernels", "--backend", backend, ...filters], {
    cwd: checkout,
  });
  const lines = [...stdout.matchAll(/^ {2}(\S.*?) {2,}[\d.]+ \S+\/s .*best +([\d.]+) (\S+\/s)/gm)];
  if (lines.length === 0) throw new Error(`bench:builds: no kernel was measured in ${checkout}: ${stdout}`);
  return Object.fromEntries(
    lines.map(([, name, value, unit]) => [name!.replace(/ +/g, " "), { value: Number(value), unit: unit! }]),
  );
}

/** Bytes of the tarball that `npm pack` would make of what is built now. */
export async function packedSize(checkout: string): Promise<number> {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: checkout,
    maxBuffer: 2 ** 26,
  });
  return (JSON.parse(stdout) as readonly { readonly size: number }[])[0]!.size;
}
