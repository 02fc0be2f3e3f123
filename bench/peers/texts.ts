/** What is embedded: real sentences, and texts of an exact number of tokens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Corpora {
  /** Definitions, about 4 to 40 tokens each. */
  readonly short: readonly string[];
  /** About 8 to 400 tokens. */
  readonly mixed: readonly string[];
}

export const CORPUS_FILES = { short: "definitions.txt", mixed: "mixed-length.txt" } as const;

export function readCorpora(folder: string): Corpora {
  const lines = (name: string) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean);
  return { short: lines(CORPUS_FILES.short), mixed: lines(CORPUS_FILES.mixed) };
}

/** So many texts, evenly from all of the corpus; always the same. */
export function spread(texts: readonly string[], count: number): readonly string[] {
  const step = texts.length / count;
  return Array.from({ length: count }, (_, i) => texts[Math.floor(i * step)]!);
}

/**
 * For each length a text of exactly so many tokens, special tokens included, of the corpus' words.
 *
 * @param countTokens tokens of each text, special tokens included
 * @throws Error where the words do not add up: their tokens depend on their neighbours
 */
export async function textsOfLength(
  lengths: readonly number[],
  corpus: readonly string[],
  countTokens: (texts: readonly string[]) => Promise<readonly number[]>,
): Promise<readonly string[]> {
  const words = [...new Set(corpus.join(" ").match(/(?<=\s)[a-z]+(?=\s)/g))].slice(0, 2000);
  const [empty, ...counts] = await countTokens(["", ...words]);
  const texts = lengths.map((length) => {
    const chosen: string[] = [];
    let room = length - empty!;
    for (let i = 0; room > 0 && i < words.length; i++) {
      const tokens = counts[i]! - empty!;
      if (tokens > room) continue;
      chosen.push(words[i]!);
      room -= tokens;
    }
    return chosen.join(" ");
  });
  const found = await countTokens(texts);
  if (found.some((count, i) => count !== lengths[i])) {
    throw new Error(`texts of ${lengths.join(", ")} tokens: the tokenizer counts ${found.join(", ")}`);
  }
  return texts;
}
