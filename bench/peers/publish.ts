/** Puts what was measured where people read it. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY } from "./options.ts";
import { formatReport, formatSummary, type Report } from "./report.ts";

const BEGIN = "<!-- npm run bench:peers -- --publish -->";
const END = "<!-- end -->";

/** All tables into docs/benchmarks.md, the short one between its marks in README.md. */
export function publish(report: Report): void {
  const readme = resolve(REPOSITORY, "README.md");
  writeFileSync(readme, withSummary(readFileSync(readme, "utf8"), formatSummary(report)));
  writeFileSync(resolve(REPOSITORY, "docs/benchmarks.md"), `# Benchmarks\n\n${formatReport(report)}`);
}

/** Throws an Error where the marks are missing. */
export function withSummary(readme: string, summary: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin < 0 || end < 0)
    throw new Error(`--publish: README.md has no place between "${BEGIN}" and "${END}"`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${summary}${readme.slice(end)}`;
}
