import type { CodeEmitter, Immediate, LocalVariable } from "./code-emitter.ts";
import type { ModuleContext, WasmFunction } from "./definitions.ts";
import type { Instruction } from "./opcodes/instructions.ts";
import type { Parameters, ValueType } from "./types.ts";

/**
 * Code that leaves one value on the stack. An expression is a description, not a value: it is emitted
 * where it is consumed, each time it is consumed, and not at all if it never is. What shall be computed
 * once goes into a local.
 */
export abstract class Expression<T extends ValueType = ValueType> {
  abstract readonly type: T;

  /** Appends the code to the function that consumes the expression. */
  abstract emit(emitter: CodeEmitter): void;
}

type Literal<T extends ValueType> = T extends "v128" ? never : T extends "i64" ? bigint : number;

/** An expression, or the number that becomes a constant of type `T`; an i64 is written as a bigint. */
export type Operand<T extends ValueType> = Expression<T> | Literal<T>;

/** Operands by parameter name, for calls. */
export type CallOperands<P extends Parameters> = { readonly [Name in keyof P]: Operand<P[Name]> };

export function emitOperand(
  emitter: CodeEmitter,
  operand: Operand<ValueType> | undefined,
  type: ValueType,
): void {
  if (typeof operand === "object") operand.emit(emitter);
  else if (operand !== undefined) emitter.constant(type, operand);
  else emitter.refuse(`expected an operand of type ${type}, found undefined`);
}

/** An instruction of the tables, applied to up to three operands. One without a result has no `type`. */
export class InstructionExpression extends Expression {
  readonly type: ValueType;
  readonly #instruction: Instruction;
  readonly #a: Operand<ValueType> | undefined;
  readonly #b: Operand<ValueType> | undefined;
  readonly #c: Operand<ValueType> | undefined;
  readonly #first: Immediate;
  readonly #second: Immediate;

  constructor(
    instruction: Instruction,
    a: Operand<ValueType> | undefined,
    b: Operand<ValueType> | undefined,
    c: Operand<ValueType> | undefined,
    first: Immediate,
    second: Immediate,
  ) {
    super();
    this.type = instruction.results[0]!;
    this.#instruction = instruction;
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#first = first;
    this.#second = second;
  }

  override emit(emitter: CodeEmitter): void {
    const { operands } = this.#instruction;
    const count = operands.length;
    if (count > 0) emitOperand(emitter, this.#a, operands[0]!);
    if (count > 1) emitOperand(emitter, this.#b, operands[1]!);
    if (count > 2) emitOperand(emitter, this.#c, operands[2]!);
    emitter.emit(this.#instruction, this.#first, this.#second);
  }
}

/** A parameter or local variable: as an expression, its present value. */
export class Local<T extends ValueType = ValueType> extends Expression<T> {
  readonly type: T;
  readonly name: string;
  readonly #emitter: CodeEmitter;
  readonly #variable: LocalVariable;

  constructor(emitter: CodeEmitter, variable: LocalVariable & { readonly type: T }) {
    super();
    this.type = variable.type;
    this.name = variable.name;
    this.#emitter = emitter;
    this.#variable = variable;
  }

  /** Assigns the value, or what lies on the stack if none is given. */
  set(value?: Operand<T>): void {
    if (value !== undefined) emitOperand(this.#emitter, value, this.type);
    this.#emitter.localSet(this.#variable);
  }

  /** Assigns the value where this expression is consumed, and is that value. */
  tee(value: Operand<T>): Expression<T> {
    return new Tee(this, value);
  }

  override emit(emitter: CodeEmitter): void {
    emitter.localGet(this.#variable);
  }

  /** `local.tee` of what lies on the stack. */
  emitTee(emitter: CodeEmitter): void {
    emitter.localTee(this.#variable);
  }
}

class Tee<T extends ValueType> extends Expression<T> {
  readonly type: T;
  readonly #local: Local<T>;
  readonly #value: Operand<T>;

  constructor(local: Local<T>, value: Operand<T>) {
    super();
    this.type = local.type;
    this.#local = local;
    this.#value = value;
  }

  override emit(emitter: CodeEmitter): void {
    emitOperand(emitter, this.#value, this.type);
    this.#local.emitTee(emitter);
  }
}

/** A global of a module: as an expression, its present value. */
export class Global<T extends ValueType = ValueType> extends Expression<T> {
  readonly kind = "global";
  readonly module: ModuleContext;
  readonly index: number;
  readonly type: T;
  readonly mutable: boolean;

  constructor(module: ModuleContext, index: number, type: T, mutable: boolean) {
    super();
    this.module = module;
    this.index = index;
    this.type = type;
    this.mutable = mutable;
  }

  override emit(emitter: CodeEmitter): void {
    emitter.globalGet(this);
  }
}

class Select<T extends ValueType> extends Expression<T> {
  readonly type: T;
  readonly #whenTrue: Operand<T>;
  readonly #whenFalse: Operand<T>;
  readonly #condition: Operand<"i32">;

  constructor(type: T, whenTrue: Operand<T>, whenFalse: Operand<T>, condition: Operand<"i32">) {
    super();
    this.type = type;
    this.#whenTrue = whenTrue;
    this.#whenFalse = whenFalse;
    this.#condition = condition;
  }

  override emit(emitter: CodeEmitter): void {
    emitOperand(emitter, this.#whenTrue, this.type);
    emitOperand(emitter, this.#whenFalse, this.type);
    emitOperand(emitter, this.#condition, "i32");
    emitter.select();
  }
}

/** `condition ? whenTrue : whenFalse`; both are computed. One of them must be an expression, which gives the type. */
export function select<T extends ValueType>(
  whenTrue: Expression<T>,
  whenFalse: Operand<T>,
  condition: Operand<"i32">,
): Expression<T> {
  return new Select(whenTrue.type, whenTrue, whenFalse, condition);
}

class Call<T extends ValueType> extends Expression<T> {
  readonly type: T;
  readonly #callee: WasmFunction;
  readonly #operands: Readonly<Record<string, Operand<ValueType>>>;

  constructor(callee: WasmFunction, operands: Readonly<Record<string, Operand<ValueType>>>) {
    super();
    this.type = callee.results[0] as T;
    this.#callee = callee;
    this.#operands = operands;
  }

  override emit(emitter: CodeEmitter): void {
    emitCall(emitter, this.#callee, this.#operands);
  }
}

/** A call of a function with one result; `FunctionBuilder.call` serves the others. */
export function call<P extends Parameters, T extends ValueType>(
  callee: WasmFunction<P, readonly [T]>,
  operands: CallOperands<P>,
): Expression<T> {
  return new Call<T>(callee, operands);
}

export function emitCall(
  emitter: CodeEmitter,
  callee: WasmFunction,
  operands: Readonly<Record<string, Operand<ValueType>>>,
): void {
  for (const [name, type] of Object.entries(callee.parameters)) emitOperand(emitter, operands[name], type);
  emitter.call(callee);
}
