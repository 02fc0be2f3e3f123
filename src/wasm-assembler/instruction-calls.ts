import type { CodeEmitter, Immediate } from "./code-emitter.ts";
import type { DataSegment } from "./definitions.ts";
import { type Expression, InstructionExpression, type Operand } from "./expression.ts";
import type { ImmediateKind } from "./opcodes/entry.ts";
import {
  type FixedInstructionName,
  type ImmediateOf,
  type Instruction,
  instructions,
  type OperandsOf,
  type ResultsOf,
} from "./opcodes/instructions.ts";
import type { Memarg, ValueType } from "./types.ts";
import { type VectorLiteral, vectorBytes } from "./vector-constant.ts";

type MemargArguments = [offset?: number | Memarg];

/** What follows the operands of an instruction, by kind of immediate. */
interface ImmediateArguments {
  readonly none: [];
  readonly i32: [value: number];
  readonly i64: [value: bigint];
  readonly f32: [value: number];
  readonly f64: [value: number];
  readonly v128: VectorLiteral;
  readonly memarg: MemargArguments;
  readonly lane: [lane: number];
  readonly "memarg lane": [lane: number, ...MemargArguments];
  readonly lanes16: [lanes: readonly number[]];
  readonly memory: [];
  readonly "memory memory": [];
  readonly data: [segment: DataSegment];
  readonly "data memory": [segment: DataSegment];
  readonly fence: [];
}

/** The immediates of an instruction as arguments; `v128.const` takes its literal's bytes. */
export type StackArguments<N extends FixedInstructionName> =
  ImmediateOf<N> extends "v128" ? [bytes: Uint8Array] : ArgumentsOf<ImmediateOf<N>>;

type ArgumentsOf<K extends ImmediateKind> = K extends keyof ImmediateArguments
  ? ImmediateArguments[K]
  : never;

type OperandArguments<T extends readonly ValueType[]> = T extends [
  infer A extends ValueType,
  infer B extends ValueType,
  infer C extends ValueType,
]
  ? [first: Operand<A>, second: Operand<B>, third: Operand<C>]
  : T extends [infer A extends ValueType, infer B extends ValueType]
    ? [first: Operand<A>, second: Operand<B>]
    : T extends [infer A extends ValueType]
      ? [operand: Operand<A>]
      : [];

/** One instruction as a function of its operands, then its immediates. */
type InstructionCall<N extends FixedInstructionName> = (
  ...args: [...OperandArguments<OperandsOf<N>>, ...ArgumentsOf<ImmediateOf<N>>]
) => ResultsOf<N> extends [infer T extends ValueType] ? Expression<T> : void;

/** The instructions whose names start with `Prefix`, a member (or nested member) for each dot. */
export type InstructionCalls<Prefix extends string, Names extends FixedInstructionName> = {
  readonly [N in Names as N extends `${Prefix}.${infer Rest}`
    ? Head<Rest>
    : never]: N extends `${Prefix}.${infer Rest}`
    ? Rest extends `${infer Inner}.${string}`
      ? InstructionCalls<`${Prefix}.${Inner}`, Names>
      : InstructionCall<N>
    : never;
};

type Head<S extends string> = S extends `${infer First}.${string}` ? First : S;

/** Instructions without a result: they are emitted at once. */
export type StatementName = {
  [N in FixedInstructionName]: ResultsOf<N> extends [] ? N : never;
}[FixedInstructionName];

/** Instructions with a result: they make expressions. */
export type ExpressionName = Exclude<FixedInstructionName, StatementName>;

export type Expressions<Prefix extends string> = InstructionCalls<Prefix, ExpressionName>;
export type Statements<Prefix extends string> = InstructionCalls<Prefix, StatementName>;

type AnyOperand = Operand<ValueType> | undefined;
type Call = (...args: never[]) => InstructionExpression;
type Tree<Leaf> = { [key: string]: Tree<Leaf> | Leaf };

const no = undefined;

const fixed = Object.values(instructions).filter(({ contextual }) => !contextual);
const expressions = fixed.filter(({ results }) => results.length > 0);
const statements = fixed.filter(({ results }) => results.length === 0);

/** All expressions, by the parts of their names: `expressionTree().f32x4.add`. */
export function expressionTree(): Tree<Call> {
  return tree(expressions, instructionCall);
}

/** The statements of one function whose names start with `prefix`: `statementCalls(emitter, "v128").store`. */
export function statementCalls(emitter: CodeEmitter, prefix: string): Tree<(...args: never[]) => void> {
  const members = statements.filter(({ name }) => name.startsWith(`${prefix}.`));
  const { [prefix]: calls } = tree(members, (instruction) => {
    const make = instructionCall(instruction);
    return (...args: never[]) => make(...args).emit(emitter);
  });
  return calls as Tree<(...args: never[]) => void>;
}

function tree<Leaf>(members: readonly Instruction[], make: (instruction: Instruction) => Leaf): Tree<Leaf> {
  const root: Tree<Leaf> = {};
  for (const instruction of members) {
    const path = instruction.name.split(".");
    let branch = root;
    for (const part of path.slice(0, -1)) {
      branch[part] ??= {};
      branch = branch[part] as Tree<Leaf>;
    }
    branch[path.at(-1)!] = make(instruction);
  }
  return root;
}

// A rest parameter would make these shorter, and an array for every instruction.
function instructionCall(instruction: Instruction): Call {
  if (instruction.immediate === "v128") {
    return (...literal: never[]) =>
      new InstructionExpression(
        instruction,
        no,
        no,
        no,
        vectorBytes(...(literal as unknown as VectorLiteral)),
        no,
      );
  }
  switch (instruction.operands.length) {
    case 0:
      return (first: Immediate, second: Immediate) =>
        new InstructionExpression(instruction, no, no, no, first, second);
    case 1:
      return (a: AnyOperand, first: Immediate, second: Immediate) =>
        new InstructionExpression(instruction, a, no, no, first, second);
    case 2:
      return (a: AnyOperand, b: AnyOperand, first: Immediate, second: Immediate) =>
        new InstructionExpression(instruction, a, b, no, first, second);
    default:
      return (a: AnyOperand, b: AnyOperand, c: AnyOperand, first: Immediate, second: Immediate) =>
        new InstructionExpression(instruction, a, b, c, first, second);
  }
}
