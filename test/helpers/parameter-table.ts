import { readFileSync } from "node:fs";

export interface ParameterRow {
  readonly line: number;
  readonly python: string;
  readonly typescript: string;
  /** The third column: an expression that must be true. */
  readonly proof: string;
  /** The same as code. */
  readonly code: string | undefined;
}

/** The rows of docs/python-to-typescript.md. */
export function readParameterTable(): ParameterRow[] {
  const text = readFileSync(new URL("../../docs/python-to-typescript.md", import.meta.url), "utf8");
  return text.split("\n").flatMap((content, index) => {
    if (!content.startsWith("|") || /^\|(?: Python \||---)/.test(content)) return [];
    const [, python, typescript, proof] = content.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const code = /^`(.*)`$/.exec(proof!)?.[1]?.replaceAll("\\|", "|");
    return [{ line: index + 1, python: python!, typescript: typescript!, proof: proof!, code }];
  });
}
