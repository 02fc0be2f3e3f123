import { UnsupportedError } from "../../errors.ts";
import {
  ignoringCase,
  isDigit,
  isHexDigit,
  isNewline,
  isSpace,
  isWord,
  isWordInClass,
  not,
  posixBracket,
  property,
  tabulated,
} from "./character-class.ts";
import type { Node, Test } from "./node.ts";

/** How deep groups may nest, and how often something may repeat. */
const DEEPEST = 100;
const MOST_REPETITIONS = 1000;

interface Flags {
  readonly ignoreCase: boolean;
  /** (?m): the dot matches newlines too. */
  readonly dotAll: boolean;
  /** (?x): white space and comments do not count. */
  readonly extended: boolean;
}

/**
 * Reads a regular expression of Oniguruma's Ruby syntax, which tokenizer.json uses.
 * @throws UnsupportedError for what is not known, naming it and the pattern
 */
export function parse(pattern: string): Node {
  return new Parser(pattern).whole();
}

class Parser {
  readonly #pattern: string;
  readonly #points: readonly number[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#points = Array.from(pattern, (character) => character.codePointAt(0)!);
  }

  whole(): Node {
    const node = this.#alternation({ ignoreCase: false, dotAll: false, extended: false });
    if (this.#at < this.#points.length) throw this.#unsupported("an unmatched closing parenthesis");
    return node;
  }

  #unsupported(what: string): UnsupportedError {
    const shown = this.#pattern.length > 200 ? `${this.#pattern.slice(0, 200)}…` : this.#pattern;
    return new UnsupportedError(`regular expression ${JSON.stringify(shown)}: ${what} is not supported`, {
      code: "unsupported-regex",
      subject: this.#pattern,
    });
  }

  #peek(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.#points[this.#at + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  #next(): number {
    const point = this.#points[this.#at];
    if (point === undefined) throw this.#unsupported("an incomplete construct");
    this.#at++;
    return point;
  }

  #alternation(flags: Flags): Node {
    if (++this.#depth > DEEPEST) throw this.#unsupported(`nesting deeper than ${DEEPEST} levels`);
    const options: Node[] = [];
    let items: Node[] = [];
    while (this.#at < this.#points.length && !this.#peek(")")) {
      if (this.#take("|")) {
        options.push(sequence(items));
        items = [];
        continue;
      }
      const changed = this.#flagChange(flags);
      if (changed !== null) {
        items.push(this.#alternation(changed)); // the rest of the group, with its other options
        continue;
      }
      const item = this.#repeated(flags);
      if (item !== null) items.push(item);
    }
    this.#depth--;
    this.#checkFolds(items);
    options.push(sequence(items));
    return options.length === 1 ? options[0]! : { type: "alternation", options };
  }

  /** (?i) and the like, without a colon. */
  #flagChange(flags: Flags): Flags | null {
    const start = this.#at;
    if (this.#take("(?")) {
      const changed = this.#flagLetters(flags);
      if (changed !== null && this.#take(")")) return changed;
    }
    this.#at = start;
    return null;
  }

  #flagLetters(flags: Flags): Flags | null {
    let { ignoreCase, dotAll, extended } = flags;
    let on = true;
    for (;;) {
      if (this.#take("-")) on = false;
      else if (this.#take("i")) ignoreCase = on;
      else if (this.#take("m")) dotAll = on;
      else if (this.#take("x")) extended = on;
      else if (this.#peek(":") || this.#peek(")")) return { ignoreCase, dotAll, extended };
      else return null;
    }
  }

  /** One item with what repeats it; null for a comment. */
  #repeated(flags: Flags): Node | null {
    if (flags.extended) {
      if (isSpace(this.#points[this.#at]!)) {
        this.#at++;
        return null;
      }
      if (this.#take("#")) {
        while (this.#at < this.#points.length && this.#next() !== 0x0a);
        return null;
      }
    }
    if (this.#take("(?#")) {
      while (this.#next() !== 0x29);
      return null;
    }
    let item = this.#item(flags);
    for (;;) {
      const repeat = this.#quantifier();
      if (repeat === null) return item;
      const { min, max } = repeat;
      if (item.type === "assertion" || item.type === "look")
        throw this.#unsupported("a quantified assertion");
      if (Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max) > MOST_REPETITIONS) {
        throw this.#unsupported(`a repetition of more than ${MOST_REPETITIONS} times`);
      }
      if (max === Number.POSITIVE_INFINITY && canBeEmpty(item)) {
        throw this.#unsupported("unbounded repetition of a possibly empty group");
      }
      if (repeat.interval && this.#peek("+")) {
        item = { type: "repeat", item, min, max, mode: "greedy" }; // {n,m}+ is a repetition of a repetition
      } else if (repeat.interval && min === max && this.#take("?")) {
        const exactly: Node = { type: "repeat", item, min, max, mode: "greedy" };
        item = { type: "repeat", item: exactly, min: 0, max: 1, mode: "greedy" }; // {n}? is optional, not lazy
      } else {
        const mode = this.#take("?") ? "lazy" : !repeat.interval && this.#take("+") ? "possessive" : "greedy";
        item = { type: "repeat", item, min, max, mode };
      }
    }
  }

  #quantifier(): { readonly min: number; readonly max: number; readonly interval: boolean } | null {
    const endless = Number.POSITIVE_INFINITY;
    if (this.#take("*")) return { min: 0, max: endless, interval: false };
    if (this.#take("+")) return { min: 1, max: endless, interval: false };
    if (this.#take("?")) return { min: 0, max: 1, interval: false };
    if (!this.#peek("{")) return null;
    const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 32));
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(rest);
    if (found === null || (found[1] === "" && found[3] === "")) return null; // a brace for its own sake
    this.#at += found[0].length;
    const min = found[1] === "" ? 0 : Number(found[1]);
    const max = found[2] === "" ? min : found[3] === "" ? endless : Number(found[3]);
    if (max < min) throw this.#unsupported("a repetition with its maximum below its minimum");
    return { min, max, interval: true };
  }

  #item(flags: Flags): Node {
    if (this.#take("(")) return this.#group(flags);
    if (this.#peek("[")) return this.#set(this.#class(flags), flags);
    if (this.#take(".")) return this.#set(flags.dotAll ? () => true : (c) => c !== 0x0a, flags);
    if (this.#take("^")) return { type: "assertion", kind: "lineStart" };
    if (this.#take("$")) return { type: "assertion", kind: "lineEnd" };
    if (this.#take("\\")) return this.#escape(flags);
    const point = this.#next();
    if (point === 0x2a || point === 0x2b || point === 0x3f)
      throw this.#unsupported("a quantifier without an item");
    return this.#literal(point, flags);
  }

  #group(flags: Flags): Node {
    let node: Node;
    if (this.#take("?:")) node = this.#alternation(flags);
    else if (this.#take("?=")) node = this.#look(flags, false, false);
    else if (this.#take("?!")) node = this.#look(flags, false, true);
    else if (this.#take("?<=")) node = this.#look(flags, true, false);
    else if (this.#take("?<!")) node = this.#look(flags, true, true);
    else if (this.#take("?>")) node = { type: "atomic", item: this.#alternation(flags) };
    else if (this.#take("?<")) {
      while (this.#next() !== 0x3e); // a name, which nothing asks for
      node = this.#alternation(flags);
    } else if (this.#take("?")) {
      const changed = this.#flagLetters(flags);
      if (changed === null || !this.#take(":")) throw this.#unsupported("this kind of group");
      node = this.#alternation(changed);
    } else node = this.#alternation(flags);
    if (!this.#take(")")) throw this.#unsupported("an unclosed group");
    return node;
  }

  #look(flags: Flags, behind: boolean, negative: boolean): Node {
    const item = this.#alternation(flags);
    if (behind) {
      const options = item.type === "alternation" ? item.options : [item];
      if (options.some((option) => fixedLength(option) === null)) {
        throw this.#unsupported("variable-length lookbehind");
      }
    }
    return { type: "look", item, behind, negative };
  }

  #escape(flags: Flags): Node {
    if (this.#take("b")) return { type: "assertion", kind: "word" };
    if (this.#take("B")) return { type: "assertion", kind: "notWord" };
    if (this.#take("A")) return { type: "assertion", kind: "textStart" };
    if (this.#take("z")) return { type: "assertion", kind: "textEnd" };
    if (this.#take("Z")) return { type: "assertion", kind: "textEndOrNewline" };
    if (this.#take("N")) return this.#set((c) => c !== 0x0a, flags);
    if (this.#take("O")) return this.#set(() => true, flags);
    if (this.#take("R")) {
      const pair = sequence([this.#literal(0x0d, flags), this.#literal(0x0a, flags)]);
      return { type: "atomic", item: { type: "alternation", options: [pair, this.#set(isNewline, flags)] } };
    }
    const test = this.#classEscape(flags, false);
    return test === null ? this.#literal(this.#characterEscape(), flags) : this.#set(test, flags);
  }

  /** What \d, \p{…} and the like stand for, null where a character follows. */
  #classEscape(flags: Flags, inBrackets: boolean): Test | null {
    if (this.#take("d")) return isDigit;
    if (this.#take("D")) return not(isDigit);
    const word = inBrackets ? isWordInClass : isWord;
    if (this.#take("w")) return word;
    if (this.#take("W")) return not(word);
    if (this.#take("s")) return isSpace;
    if (this.#take("S")) return not(isSpace);
    if (this.#take("h")) return isHexDigit;
    if (this.#take("H")) return not(isHexDigit);
    const negative = this.#peek("P{");
    if (!negative && !this.#peek("p{")) return null;
    this.#at += 2;
    const inverted = this.#take("^");
    let name = "";
    for (let point = this.#next(); point !== 0x7d; point = this.#next()) name += String.fromCodePoint(point);
    const test = property(name);
    if (test === null) throw this.#unsupported(`the property "${name}"`);
    if (flags.ignoreCase && /^(lu|ll|lt)$/i.test(name)) {
      throw this.#unsupported(`the property "${name}" under (?i)`);
    }
    return negative !== inverted ? not(test) : test;
  }

  #characterEscape(): number {
    const point = this.#next();
    const simple = CONTROL_ESCAPES.get(point);
    if (simple !== undefined) return simple;
    if (point === 0x78 /* x */) return this.#take("{") ? this.#hex(8, true) : this.#hex(2, false);
    if (point === 0x75 /* u */) return this.#hex(4, false);
    const isLetter = (point >= 0x41 && point <= 0x5a) || (point >= 0x61 && point <= 0x7a);
    if (isLetter || (point >= 0x30 && point <= 0x39)) {
      throw this.#unsupported(`the escape \\${String.fromCodePoint(point)}`);
    }
    return point;
  }

  #hex(most: number, braced: boolean): number {
    let value = 0;
    let digits = 0;
    while (digits < most && this.#at < this.#points.length && isHexDigit(this.#points[this.#at]!)) {
      value = value * 16 + Number.parseInt(String.fromCodePoint(this.#next()), 16);
      digits++;
    }
    const complete = braced ? digits > 0 && this.#take("}") : digits === most || (most === 2 && digits > 0);
    const isByte = most === 2 && value > 0x7f; // a part of a character, in UTF-8
    if (!complete || isByte || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
      throw this.#unsupported("this character code");
    return value;
  }

  /** [ … ], with classes in it and && between them. */
  #class(flags: Flags): Test {
    if (++this.#depth > DEEPEST) throw this.#unsupported(`nesting deeper than ${DEEPEST} levels`);
    this.#take("[");
    const inverted = this.#take("^");
    const intersected: Test[] = [];
    let tests: Test[] = [];
    if (this.#peek("]")) throw this.#unsupported("an empty class");
    while (!this.#take("]")) {
      if (this.#take("&&")) {
        intersected.push(anyOf(tests));
        tests = [];
      } else {
        tests.push(this.#member(flags));
      }
    }
    intersected.push(anyOf(tests));
    this.#depth--;
    let test: Test = (c) => intersected.every((part) => part(c));
    if (intersected.length === 1) test = intersected[0]!;
    if (flags.ignoreCase) test = ignoringCase(test);
    return inverted ? not(test) : test;
  }

  #member(flags: Flags): Test {
    if (this.#peek("[:")) {
      const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 16));
      const found = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      if (found !== null) {
        const test = posixBracket(found[2]!);
        if (test === null) throw this.#unsupported(`the class [:${found[2]}:]`);
        this.#at += found[0].length;
        return found[1] === "^" ? not(test) : test;
      }
    }
    if (this.#peek("[")) return this.#class(flags);
    if (this.#take("\\")) {
      const test = this.#classEscape(flags, true);
      if (test !== null) return test;
      return this.#range(this.#take("b") ? 0x08 : this.#characterEscape(), flags);
    }
    return this.#range(this.#next(), flags);
  }

  #range(from: number, flags: Flags): Test {
    this.#checkCase(from, flags);
    const isRange =
      this.#peek("-") && this.#points[this.#at + 1] !== 0x5d && this.#points[this.#at + 1] !== undefined;
    if (!isRange) return (c) => c === from;
    this.#at++;
    if (this.#peek("[")) throw this.#unsupported("a range that ends with a class");
    let to: number;
    if (this.#take("\\")) {
      const test = this.#classEscape(flags, true);
      if (test !== null) return (c) => c === from || c === 0x2d || test(c); // the hyphen is a member
      to = this.#characterEscape();
    } else {
      to = this.#next();
    }
    this.#checkCase(to, flags);
    if (to < from) throw this.#unsupported("a descending range");
    return (c) => c >= from && c <= to;
  }

  #set(has: Test, flags: Flags): Node {
    return { type: "set", has: tabulated(has), literal: null, ignoresCase: flags.ignoreCase };
  }

  #literal(point: number, flags: Flags): Node {
    this.#checkCase(point, flags);
    const exact: Test = (c) => c === point;
    const has = flags.ignoreCase ? tabulated(ignoringCase(exact)) : exact;
    return { type: "set", has, literal: point, ignoresCase: flags.ignoreCase };
  }

  #checkCase(point: number, { ignoreCase }: Flags): void {
    if (!ignoreCase || point < 0x80) return;
    const character = String.fromCodePoint(point);
    if (character.toLowerCase() !== character || character.toUpperCase() !== character) {
      throw this.#unsupported(`"${character}" under (?i)`);
    }
  }

  /** Without regard to case, ß would match "ss", and ligatures their letters. */
  #checkFolds(items: readonly Node[]): void {
    for (let i = 0; i + 1 < items.length; i++) {
      const [a, b] = [items[i]!, items[i + 1]!];
      if (a.type !== "set" || b.type !== "set" || !a.ignoresCase || !b.ignoresCase) continue;
      const pair = String.fromCodePoint(a.literal ?? 0, b.literal ?? 0).toLowerCase();
      if (["ss", "ff", "fi", "fl", "st"].includes(pair)) {
        throw this.#unsupported(`"${pair}" under (?i)`);
      }
    }
  }
}

const CONTROL_ESCAPES = new Map([
  [0x74, 0x09], // t
  [0x6e, 0x0a], // n
  [0x76, 0x0b], // v
  [0x66, 0x0c], // f
  [0x72, 0x0d], // r
  [0x61, 0x07], // a
  [0x65, 0x1b], // e
]);

function sequence(items: readonly Node[]): Node {
  return items.length === 1 ? items[0]! : { type: "sequence", items };
}

function anyOf(tests: readonly Test[]): Test {
  return tests.length === 1 ? tests[0]! : (c) => tests.some((test) => test(c));
}

function canBeEmpty(node: Node): boolean {
  switch (node.type) {
    case "set":
      return false;
    case "sequence":
      return node.items.every(canBeEmpty);
    case "alternation":
      return node.options.some(canBeEmpty);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.item);
    case "atomic":
      return canBeEmpty(node.item);
    default:
      return true;
  }
}

/** In code points, null where it varies. */
export function fixedLength(node: Node): number | null {
  switch (node.type) {
    case "set":
      return 1;
    case "sequence": {
      let total = 0;
      for (const item of node.items) {
        const length = fixedLength(item);
        if (length === null) return null;
        total += length;
      }
      return total;
    }
    case "alternation": {
      const [first, ...rest] = node.options.map(fixedLength);
      return rest.every((length) => length === first) ? (first ?? null) : null;
    }
    case "repeat": {
      const length = fixedLength(node.item);
      return length !== null && node.min === node.max ? length * node.min : null;
    }
    case "atomic":
      return fixedLength(node.item);
    default:
      return 0;
  }
}
