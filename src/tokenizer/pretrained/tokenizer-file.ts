import type { ConfigReader } from "../../files/config-reader.ts";
import { TOKENIZER } from "../../files/model-files.ts";

/** The version of transformers whose behaviour the tokenizers follow. */
const TRANSFORMERS_VERSION = [5, 18, 0];

/** tokenizer.json, or the newest file of `fast_tokenizer_files` that is meant for that version or an older one. */
export function tokenizerFile(config: ConfigReader): string {
  if (!config.hasOwn("fast_tokenizer_files")) return TOKENIZER;
  let best = TOKENIZER;
  let newest: readonly number[] = [];
  for (const name of config.array("fast_tokenizer_files")) {
    const found = typeof name === "string" ? /^tokenizer\.(\d+(?:\.\d+)*)\.json$/.exec(name) : null;
    if (found === null) continue;
    const version = found[1]!.split(".").map(Number);
    if (compare(version, TRANSFORMERS_VERSION) > 0 || compare(version, newest) < 0) continue;
    best = found[0];
    newest = version;
  }
  return best;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
