import { formatTypes, type ValueType } from "./types.ts";

/** The target of a branch: a block, loop or `if` that is open. */
export interface Label {
  readonly kind: "block" | "loop" | "if" | "else" | "function";
  /** How many constructs it lies in; the function's body is 0. */
  readonly depth: number;
}

interface Frame extends Label {
  kind: Label["kind"];
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** The stack's height below the frame's parameters: nothing inside may reach deeper. */
  readonly height: number;
  /** After an unconditional branch the stack holds whatever the rest of the frame asks for. */
  unreachable: boolean;
}

/** A popped value; `unknown` where code that cannot be reached would have pushed it. */
type Popped = ValueType | "unknown";

/**
 * The types on the stack and the open constructs while a function is emitted: the validation algorithm
 * of the core specification's appendix 7.3. A mistake is given to `refuse`.
 */
export class OperandStack {
  readonly #types: Popped[] = [];
  readonly #frames: Frame[] = [];
  readonly #refuse: (message: string) => never;

  constructor(refuse: (message: string) => never) {
    this.#refuse = refuse;
  }

  /** The number of open constructs; 0 once the function has ended. */
  get depth(): number {
    return this.#frames.length;
  }

  push(type: Popped): void {
    this.#types.push(type);
  }

  pushAll(types: readonly Popped[]): void {
    for (let i = 0; i < types.length; i++) this.#types.push(types[i]!);
  }

  /** Pops one value of any type. */
  pop(): Popped {
    const frame = this.#top();
    if (this.#types.length > frame.height) return this.#types.pop()!;
    if (frame.unreachable) return "unknown";
    return this.#refuse("expected an operand, found none on the stack");
  }

  /** Pops values of these types, the last of which lies on top. */
  popAll(expected: readonly ValueType[]): void {
    const frame = this.#top();
    for (let i = expected.length - 1; i >= 0; i--) {
      if (this.#types.length > frame.height) {
        const found = this.#types.pop()!;
        if (found !== expected[i] && found !== "unknown") {
          this.#refuse(`operand ${i + 1} of ${expected.length}: expected ${expected[i]}, found ${found}`);
        }
      } else if (!frame.unreachable) {
        this.#refuse(
          `operand ${i + 1} of ${expected.length}: expected ${expected[i]}, found none on the stack`,
        );
      }
    }
  }

  /** Opens a construct whose parameters lie on the stack. */
  open(kind: Label["kind"], parameters: readonly ValueType[], results: readonly ValueType[]): Label {
    if (kind !== "function") this.popAll(parameters);
    const height = this.#types.length;
    const frame: Frame = {
      kind,
      depth: this.#frames.length,
      parameters,
      results,
      height,
      unreachable: false,
    };
    this.#frames.push(frame);
    if (kind !== "function") this.pushAll(parameters);
    return frame;
  }

  /** Turns the innermost `if` to its other branch. */
  else(): void {
    const frame = this.#top();
    if (frame.kind !== "if") this.#refuse(`expected an open if, found ${frame.kind}`);
    this.#takeResults(frame);
    frame.kind = "else";
    frame.unreachable = false;
    this.pushAll(frame.parameters);
  }

  /** Closes the innermost construct and leaves its results on the stack. */
  close(): void {
    const frame = this.#top();
    this.#takeResults(frame);
    if (frame.kind === "if" && !sameTypes(frame.parameters, frame.results)) {
      this.#refuse(
        `an if without else: expected results ${formatTypes(frame.parameters)} as its parameters, found ${formatTypes(frame.results)}`,
      );
    }
    this.#frames.pop();
    this.pushAll(frame.results);
  }

  /** The relative depth of a label, as branches name it. */
  depthOf(label: Label): number {
    if (this.#frames[label.depth] !== label) {
      this.#refuse(
        `expected a label that is open here, found one of a ${label.kind} that is closed or elsewhere`,
      );
    }
    return this.#frames.length - 1 - label.depth;
  }

  /** What a branch to this label takes along: for a loop its parameters, else its results. */
  branchTypes(label: Label): readonly ValueType[] {
    const frame = label as Frame;
    return frame.kind === "loop" ? frame.parameters : frame.results;
  }

  /** Demands values on the stack without taking them. */
  check(expected: readonly ValueType[]): void {
    // Below these, in code that cannot be reached, lies whatever is asked for: it need not be put back.
    const present = Math.min(expected.length, this.#types.length - this.#top().height);
    const found = this.#types.slice(this.#types.length - present);
    this.popAll(expected);
    this.pushAll(found);
  }

  /** What follows in this construct cannot be reached. */
  unreachable(): void {
    const frame = this.#top();
    this.#types.length = frame.height;
    frame.unreachable = true;
  }

  #takeResults(frame: Frame): void {
    const count = this.#types.length - frame.height;
    if (count > frame.results.length || (count < frame.results.length && !frame.unreachable)) {
      this.#refuse(
        `the ${frame.kind} ends: expected ${formatTypes(frame.results)}, found ${formatTypes(this.#types.slice(frame.height))}`,
      );
    }
    this.popAll(frame.results);
  }

  #top(): Frame {
    return (
      this.#frames[this.#frames.length - 1] ??
      this.#refuse("expected an open function, found one that has ended")
    );
  }
}

function sameTypes(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  return a.length === b.length && a.every((type, index) => type === b[index]);
}
