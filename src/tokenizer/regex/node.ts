/** Whether a code point is one of a set. */
export type Test = (codePoint: number) => boolean;

export type Assertion =
  | "textStart"
  | "textEnd"
  | "textEndOrNewline"
  | "lineStart"
  | "lineEnd"
  | "word"
  | "notWord";

/** A regular expression, read. */
export type Node =
  | {
      readonly type: "set";
      readonly has: Test;
      readonly literal: number | null;
      readonly ignoresCase: boolean;
    }
  | { readonly type: "sequence"; readonly items: readonly Node[] }
  | { readonly type: "alternation"; readonly options: readonly Node[] }
  | {
      readonly type: "repeat";
      readonly item: Node;
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly type: "atomic"; readonly item: Node }
  | { readonly type: "look"; readonly item: Node; readonly behind: boolean; readonly negative: boolean }
  | { readonly type: "assertion"; readonly kind: Assertion };
