/** The examples of a Markdown file, to be run as a reader would run them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InstalledPackage } from "./installed-package.ts";

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

/** Where nothing but the package is installed; gives what the example printed. */
export async function runExample(installed: InstalledPackage, { language, code }: Example): Promise<string> {
  if (language === "ts") return await installed.runProgram(code, "mjs");
  if (language === "cjs") return await installed.runProgram(code, "cjs");
  if (language === "sh") return await installed.runShell(code.replace(/^npm install sentensor$/m, ":"));
  throw new Error(`no test runs examples in "${language}"`);
}
