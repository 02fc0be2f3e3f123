/** The examples of a Markdown file, to be run as a reader would run them. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtCommandLine, builtEntry } from "./built.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../", import.meta.url));

export interface Example {
  /** The language after the fence: "ts", "sh" … */
  readonly language: string;
  readonly code: string;
  /** Of the fence, from 1 on. */
  readonly line: number;
}

export function readExamples(file: string): Example[] {
  const lines = readFileSync(join(repository, file), "utf8").split("\n");
  const examples: Example[] = [];
  let open: { language: string; line: number; code: string[] } | null = null;
  for (const [index, text] of lines.entries()) {
    const fence = /^\s*```(\w*)/.exec(text);
    if (fence === null) open?.code.push(text);
    else if (open === null) open = { language: fence[1]!, line: index + 1, code: [] };
    else {
      examples.push({ language: open.language, line: open.line, code: open.code.join("\n") });
      open = null;
    }
  }
  return examples;
}

/** No example may need a network: names of the hub become the model that lies in the repository. */
const HUB_NAMES = /(["'])(?:[\w-]+\/)?(?:all-MiniLM-L6-v2|multilingual-e5-large)\1/g;

/** Runs an example in a folder of its own that holds `models/`; gives what it printed. */
export async function runExample({ language, code }: Example): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sentensor-example-"));
  try {
    symlinkSync(join(repository, "models"), join(folder, "models"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const node = (...args: string[]) => run(process.execPath, args, { cwd: folder, timeout: 60_000 });
    if (language === "ts") {
      const local = code
        .replaceAll(/from "sentensor"/g, `from ${JSON.stringify(builtEntry)}`)
        .replaceAll(HUB_NAMES, '"models/demo-en"');
      writeFileSync(join(folder, "example.mjs"), local);
      const { stdout } = await node("example.mjs");
      return stdout;
    }
    let printed = "";
    for (const line of code.split("\n").filter((text) => text.startsWith("npx sentensor "))) {
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!).slice(2);
      const { stdout } = await node(builtCommandLine, ...args);
      printed += stdout;
    }
    return printed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
