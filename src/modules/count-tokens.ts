import type { TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";

/** How many tokens a text or a pair has where nothing is truncated. */
export function countTokens(tokenizer: Tokenizer, text: TextOrPair, addSpecialTokens: boolean): number {
  if (typeof text === "string") return tokenizer.countTokens(text, { addSpecialTokens });
  const [first, second] = text.map((one) => tokenizer.countTokens(one, { addSpecialTokens: false }));
  return first! + second! + (addSpecialTokens ? tokenizer.addedTokens(true) : 0);
}
