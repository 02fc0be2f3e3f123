import { whiteSpace } from "../unicode/categories.ts";
import { CodePointSet } from "../unicode/code-point-set.ts";
import { categoryMask, categoryNames, generalCategory } from "../unicode/general-category.ts";
import { ALPHABETIC, SCRIPTS, WORD_ONIGURUMA } from "../unicode/tables.ts";
import type { Test } from "./node.ts";

const wordSet = new CodePointSet(WORD_ONIGURUMA);
const alphabeticSet = new CodePointSet(ALPHABETIC);
const scriptSets = new Map<string, CodePointSet>();

export const isSpace: Test = (c) => whiteSpace.has(c);
export const isWord: Test = (c) => wordSet.has(c);
/** `\w` in brackets, where Oniguruma leaves out the numbers of Latin-1. */
export const isWordInClass: Test = (c) => wordSet.has(c) && !LATIN_NUMBERS.includes(c);
const LATIN_NUMBERS = [0xb2, 0xb3, 0xb9, 0xbc, 0xbd, 0xbe];
export const isDigit: Test = categories(categoryMask("Nd"));
export const isHexDigit: Test = (c) =>
  (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
export const isNewline: Test = (c) => (c >= 0x0a && c <= 0x0d) || c === 0x85 || c === 0x2028 || c === 0x2029;

const isAlphabetic: Test = (c) => alphabeticSet.has(c);

function categories(mask: number): Test {
  return (c) => ((mask >>> generalCategory(c)) & 1) === 1;
}

export function not(test: Test): Test {
  return (c) => !test(c);
}

/** The long names of the categories that patterns use. */
const LONG_NAMES: { readonly [name: string]: string } = {
  letter: "L",
  mark: "M",
  number: "N",
  punctuation: "P",
  symbol: "S",
  separator: "Z",
  other: "C",
};

/** \p{name}, null where the name is not known here. */
export function property(name: string): Test | null {
  const plain = name.replaceAll(/[\s_-]/g, "").toLowerCase();
  if (plain === "any") return () => true;
  if (plain === "ascii") return (c) => c < 0x80;
  if (plain === "alphabetic" || plain === "alpha") return isAlphabetic;
  if (plain === "space" || plain === "whitespace") return isSpace;
  if (plain === "word") return isWord;
  if (plain === "digit") return isDigit;
  if (plain === "alnum") return (c) => isAlphabetic(c) || isDigit(c);
  if (plain === "xdigit") return isHexDigit;
  const short = LONG_NAMES[plain] ?? plain;
  const found = categoryNames.filter((category) => category.toLowerCase() === short.toLowerCase());
  if (found.length > 0) return categories(categoryMask(...found));
  if (short.length === 1 && "lmnpszc".includes(short.toLowerCase())) {
    return categories(categoryMask(short.toUpperCase()));
  }
  const script = Object.keys(SCRIPTS).find((key) => key.toLowerCase() === plain);
  if (script === undefined) return null;
  let set = scriptSets.get(script);
  if (set === undefined) {
    set = new CodePointSet(SCRIPTS[script]!);
    scriptSets.set(script, set);
  }
  const known = set;
  return (c) => known.has(c);
}

/** [[:name:]], null where the name is not known here. */
export function posixBracket(name: string): Test | null {
  if (name === "word") return isWordInClass;
  return ["alpha", "digit", "alnum", "space", "xdigit", "ascii"].includes(name) ? property(name) : null;
}

/** Under (?i): a test that answers for a letter's other case too. Only ASCII letters have one here. */
export function ignoringCase(test: Test): Test {
  return (c) => {
    if (test(c)) return true;
    if (c === 0x17f) return test(0x73) || test(0x53); // ſ is an s
    if (c === 0x212a) return test(0x6b) || test(0x4b); // the Kelvin sign is a k
    if ((c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)) {
      if (test(c ^ 0x20)) return true;
      if ((c | 0x20) === 0x73) return test(0x17f);
      if ((c | 0x20) === 0x6b) return test(0x212a);
    }
    return false;
  };
}

/** A test that answers for ASCII from a table. */
export function tabulated(test: Test): Test {
  const ascii = new Uint8Array(128);
  for (let c = 0; c < 128; c++) ascii[c] = test(c) ? 1 : 0;
  return (c) => (c < 128 ? ascii[c] === 1 : test(c));
}
