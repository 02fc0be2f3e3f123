import { UnsupportedError } from "../../errors.ts";
import type { Span } from "../text/editable-text.ts";
import { isWord } from "./character-class.ts";
import type { Assertion } from "./node.ts";
import { parse } from "./parse.ts";
import { compile, type Instruction } from "./program.ts";

/** What cuts a text into matches and what lies between. */
export interface Pattern {
  /** Spans that cover the text, in order. */
  spans(text: string): Span[];
}

/** A string for its own sake. */
export class StringPattern implements Pattern {
  readonly content: string;

  constructor(content: string) {
    this.content = content;
  }

  spans(text: string): Span[] {
    const length = this.content.length;
    if (length === 0) return emptyMatches(text);
    const spans: Span[] = [];
    let last = 0;
    for (let start = text.indexOf(this.content); start >= 0; start = text.indexOf(this.content, last)) {
      if (last < start) spans.push({ start: last, end: start, isMatch: false });
      last = start + length;
      spans.push({ start, end: last, isMatch: true });
    }
    if (last < text.length || text.length === 0)
      spans.push({ start: last, end: text.length, isMatch: false });
    return spans;
  }
}

/** What an empty pattern finds: nothing, before every character and at the end. */
function emptyMatches(text: string): Span[] {
  const spans: Span[] = [];
  if (text.length === 0) return [{ start: 0, end: 0, isMatch: false }];
  for (let i = 0; i < text.length; ) {
    const end = i + (text.codePointAt(i)! > 0xffff ? 2 : 1);
    spans.push({ start: i, end: i, isMatch: true }, { start: i, end, isMatch: false });
    i = end;
  }
  spans.push({ start: text.length, end: text.length, isMatch: true });
  return spans;
}

/** Step limit; a search that exceeds it is reported as non-terminating. */
const STEPS_AT_LEAST = 1_000_000;
const STEPS_PER_UNIT = 200;

/**
 * A regular expression of Oniguruma's, matched by backtracking over an explicit stack. The Unicode sets are
 * frozen, and a search that takes too many steps is refused: with an engine's own regular expressions neither
 * would be possible.
 */
export class RegexPattern implements Pattern {
  readonly source: string;
  readonly #program: readonly Instruction[];
  #steps = 0;

  readonly #stack = new BacktrackStack();

  /** @throws UnsupportedError for what is not known of Oniguruma's syntax */
  constructor(source: string) {
    this.source = source;
    this.#program = compile(parse(source));
  }

  /** @throws UnsupportedError where the search takes too many steps */
  spans(text: string): Span[] {
    if (text.length === 0) return [{ start: 0, end: 0, isMatch: false }];
    this.#steps = STEPS_AT_LEAST + STEPS_PER_UNIT * text.length;
    const spans: Span[] = [];
    let last = 0; // the end of what `spans` covers
    let lastMatch = -1; // the end of the last match
    for (let start = 0; start <= text.length; ) {
      this.#stack.height = 0;
      const end = this.#run(0, text, start);
      // An empty match is not taken right after another match.
      if (end < 0 || (end === start && end === lastMatch)) {
        start += start < text.length && text.codePointAt(start)! > 0xffff ? 2 : 1;
        continue;
      }
      if (last !== start) spans.push({ start: last, end: start, isMatch: false });
      spans.push({ start, end, isMatch: true });
      last = end;
      lastMatch = end;
      start = end;
    }
    if (last !== text.length) spans.push({ start: last, end: text.length, isMatch: false });
    return spans;
  }

  /** Runs from an instruction to an `end`. @returns where the match ends, -1 where there is none */
  #run(from: number, text: string, at: number): number {
    const program = this.#program;
    const stack = this.#stack;
    const base = stack.height;
    let pc = from;
    let position = at;
    for (;;) {
      if (--this.#steps < 0) {
        throw new UnsupportedError(
          `regular expression ${JSON.stringify(this.source.slice(0, 200))}: exceeded the step limit on this text`,
          { code: "regex-too-slow", subject: this.source },
        );
      }
      const instruction = program[pc]!;
      let next = pc + 1;
      switch (instruction.op) {
        case "set":
          position = step(instruction.has, text, position);
          break;
        case "loop":
          position = this.#enterLoop(instruction, pc, text, position);
          break;
        case "split":
          stack.push(RESUME, instruction.second, position, 0);
          next = instruction.first;
          break;
        case "jump":
          next = instruction.to;
          break;
        case "atomic":
          position = this.#runApart(pc + 1, text, position);
          next = instruction.after;
          break;
        case "look":
          if (this.#runApart(pc + 1, text, position) >= 0 === instruction.negative) position = -1;
          next = instruction.after;
          break;
        case "back":
          position = backBy(text, position, instruction.count);
          break;
        case "assert":
          if (!holds(instruction.kind, text, position)) position = -1;
          break;
        case "end":
          return position;
      }
      while (position < 0) {
        if (stack.height === base) return -1;
        position = stack.resume(program, text);
        next = stack.instruction;
      }
      pc = next;
    }
  }

  /** Takes what a loop takes at first, and remembers how it may go on. */
  #enterLoop(loop: Instruction & { readonly op: "loop" }, pc: number, text: string, at: number): number {
    let position = at;
    for (let count = 0; count < loop.min; count++) {
      position = step(loop.has, text, position);
      if (position < 0) return -1;
    }
    if (loop.mode === "lazy") {
      if (loop.max > loop.min)
        this.#stack.push(TAKE_MORE, pc, position, Math.min(loop.max - loop.min, text.length));
      return position;
    }
    const least = position;
    for (let count = loop.min; count < loop.max; count++) {
      const further = step(loop.has, text, position);
      if (further < 0) break;
      position = further;
    }
    this.#steps -= position - least;
    if (loop.mode === "greedy" && position > least) {
      this.#stack.push(TAKE_LESS, pc, backBy(text, position, 1), least);
    }
    return position;
  }

  /** As {@link #run}, and forgets the places to go back to. */
  #runApart(from: number, text: string, at: number): number {
    const { height } = this.#stack;
    const end = this.#run(from, text, at);
    this.#stack.height = height;
    return end;
  }
}

const RESUME = 0; // go on at another instruction
const TAKE_LESS = 1; // a greedy loop gives up one character: the limit is the position of its least
const TAKE_MORE = 2; // a lazy loop takes one more: the limit is how many it may

/** The places to go back to. */
class BacktrackStack {
  #kinds = new Uint8Array(64);
  #instructions = new Int32Array(64);
  #positions = new Int32Array(64);
  #limits = new Int32Array(64);
  height = 0;
  /** Where to go on after {@link resume}. */
  instruction = 0;

  push(kind: number, instruction: number, position: number, limit: number): void {
    const top = this.height++;
    if (top === this.#kinds.length) this.#grow();
    this.#kinds[top] = kind;
    this.#instructions[top] = instruction;
    this.#positions[top] = position;
    this.#limits[top] = limit;
  }

  /** Takes the topmost place. @returns the position there, -1 where nothing can be tried there any more */
  resume(program: readonly Instruction[], text: string): number {
    const top = this.height - 1;
    const kind = this.#kinds[top]!;
    const position = this.#positions[top]!;
    this.instruction = this.#instructions[top]!;
    if (kind === RESUME) {
      this.height--;
      return position;
    }
    const loop = program[this.instruction++]!;
    const limit = this.#limits[top]!;
    if (kind === TAKE_LESS) {
      if (position > limit) this.#positions[top] = backBy(text, position, 1);
      else this.height--;
      return position;
    }
    const further = loop.op === "loop" ? step(loop.has, text, position) : -1;
    if (further >= 0 && limit > 1) {
      this.#positions[top] = further;
      this.#limits[top] = limit - 1;
    } else {
      this.height--;
    }
    return further;
  }

  #grow(): void {
    const length = this.#kinds.length * 2;
    const larger = (array: Int32Array) => {
      const copy = new Int32Array(length);
      copy.set(array);
      return copy;
    };
    const kinds = new Uint8Array(length);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    this.#instructions = larger(this.#instructions);
    this.#positions = larger(this.#positions);
    this.#limits = larger(this.#limits);
  }
}

/** The position after the character at `position` if it is one of the set, else -1. */
function step(has: (codePoint: number) => boolean, text: string, position: number): number {
  if (position >= text.length) return -1;
  const codePoint = text.codePointAt(position)!;
  return has(codePoint) ? position + (codePoint > 0xffff ? 2 : 1) : -1;
}

/** The position `count` characters before, -1 where there are not as many. */
function backBy(text: string, position: number, count: number): number {
  let at = position;
  for (let k = 0; k < count; k++) {
    if (at === 0) return -1;
    at--;
    const unit = text.charCodeAt(at);
    if (unit >= 0xdc00 && unit < 0xe000 && at > 0) at--;
  }
  return at;
}

function holds(kind: Assertion, text: string, position: number): boolean {
  switch (kind) {
    case "textStart":
      return position === 0;
    case "textEnd":
      return position === text.length;
    case "textEndOrNewline":
      return position === text.length || (position === text.length - 1 && text.charCodeAt(position) === 0x0a);
    case "lineStart":
      // Oniguruma: not after a newline that ends the text.
      return position === 0 || (position < text.length && text.charCodeAt(position - 1) === 0x0a);
    case "lineEnd":
      return position === text.length || text.charCodeAt(position) === 0x0a;
    case "word":
      return isWordBoundary(text, position);
    case "notWord":
      return !isWordBoundary(text, position);
  }
}

function isWordBoundary(text: string, position: number): boolean {
  const before = position > 0 && isWord(text.codePointAt(backBy(text, position, 1))!);
  const after = position < text.length && isWord(text.codePointAt(position)!);
  return before !== after;
}
