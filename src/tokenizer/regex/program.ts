import { UnsupportedError } from "../../errors.ts";
import type { Assertion, Node, Test } from "./node.ts";
import { fixedLength } from "./parse.ts";

/** Larger programs are refused: repetitions of repetitions multiply. */
const LONGEST_PROGRAM = 20_000;

/** What the matcher does, one step after the other. Targets are indices of instructions. */
export type Instruction =
  | { readonly op: "set"; readonly has: Test }
  | {
      readonly op: "loop";
      readonly has: Test;
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly op: "split"; readonly first: number; readonly second: number }
  | { readonly op: "jump"; readonly to: number }
  | { readonly op: "atomic"; readonly after: number }
  | { readonly op: "look"; readonly negative: boolean; readonly after: number }
  | { readonly op: "back"; readonly count: number }
  | { readonly op: "assert"; readonly kind: Assertion }
  | { readonly op: "end" };

/** Makes a program of an expression. @throws UnsupportedError where it would be too long */
export function compile(node: Node): readonly Instruction[] {
  const program: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (program.length >= LONGEST_PROGRAM) {
      throw new UnsupportedError(
        "regular expression: nested repetitions that multiply to thousands are not supported",
        { code: "unsupported-regex" },
      );
    }
    return program.push(instruction) - 1;
  };

  const emit = (part: Node): void => {
    switch (part.type) {
      case "set":
        add({ op: "set", has: part.has });
        return;
      case "sequence":
        for (const item of part.items) emit(item);
        return;
      case "alternation":
        emitAlternation(part.options);
        return;
      case "assertion":
        add({ op: "assert", kind: part.kind });
        return;
      case "atomic":
        emitAtomic(() => emit(part.item));
        return;
      case "look":
        emitLook(part);
        return;
      case "repeat":
        emitRepeat(part);
    }
  };

  const emitAlternation = (options: readonly Node[]) => {
    const ends: number[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) {
        emit(option);
        break;
      }
      const split = add({ op: "end" });
      emit(option);
      ends.push(add({ op: "end" }));
      program[split] = { op: "split", first: split + 1, second: program.length };
    }
    for (const end of ends) program[end] = { op: "jump", to: program.length };
  };

  const emitAtomic = (body: () => void) => {
    const start = add({ op: "end" });
    body();
    add({ op: "end" });
    program[start] = { op: "atomic", after: program.length };
  };

  const emitLook = (part: Node & { readonly type: "look" }) => {
    const start = add({ op: "end" });
    if (!part.behind) {
      emit(part.item);
    } else {
      const options = part.item.type === "alternation" ? part.item.options : [part.item];
      const jumps: number[] = [];
      for (const [i, option] of options.entries()) {
        const split = i === options.length - 1 ? -1 : add({ op: "end" });
        add({ op: "back", count: fixedLength(option)! });
        emit(option);
        jumps.push(add({ op: "end" }));
        if (split >= 0) program[split] = { op: "split", first: split + 1, second: program.length };
      }
      for (const jump of jumps) program[jump] = { op: "jump", to: program.length };
    }
    add({ op: "end" });
    program[start] = { op: "look", negative: part.negative, after: program.length };
  };

  const emitRepeat = (part: Node & { readonly type: "repeat" }) => {
    const { item, min, max, mode } = part;
    if (item.type === "set") {
      add({ op: "loop", has: item.has, min, max, mode });
      return;
    }
    if (mode === "possessive") {
      emitAtomic(() => emitRepeat({ ...part, mode: "greedy" }));
      return;
    }
    const branch = (split: number, inside: number, outside: number) => {
      const [first, second] = mode === "greedy" ? [inside, outside] : [outside, inside];
      program[split] = { op: "split", first, second };
    };
    for (let i = 0; i < min; i++) emit(item);
    if (max === Number.POSITIVE_INFINITY) {
      const split = add({ op: "end" });
      emit(item);
      add({ op: "jump", to: split });
      branch(split, split + 1, program.length);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(add({ op: "end" }));
      emit(item);
    }
    for (const split of splits) branch(split, split + 1, program.length);
  };

  emit(node);
  add({ op: "end" });
  return program;
}
