import type { ByteWriter } from "./byte-writer.ts";
import { CodeEmitter, type Immediate } from "./code-emitter.ts";
import type { WasmFunction, WasmTable } from "./definitions.ts";
import {
  type CallOperands,
  type Expression,
  emitCall,
  emitOperand,
  type Global,
  Local,
  type Operand,
} from "./expression.ts";
import { i32 } from "./expressions.ts";
import { type StackArguments, type Statements, statementCalls } from "./instruction-calls.ts";
import { type FixedInstructionName, instructions } from "./opcodes/instructions.ts";
import type { Label } from "./operand-stack.ts";
import {
  type BlockType,
  checkName,
  formatTypes,
  type Parameters,
  type Signature,
  type ValueType,
} from "./types.ts";

/** The locals that hold a function's parameters, by name. */
export type ParameterLocals<P extends Parameters> = { readonly [Name in keyof P]: Local<P[Name]> };

/** A counted loop. `below` and `step` are computed once, before it starts, unless they are locals. */
export interface LoopRange {
  /** The counter's first value; the counter goes on from where it stands if there is none. */
  readonly from?: Operand<"i32">;
  /** The loop runs while the counter is below this, both unsigned. */
  readonly below: Operand<"i32">;
  /** Added to the counter after each round; 1 by default. */
  readonly step?: Operand<"i32">;
}

/**
 * Writes the body of one function. What is a method here emits at once, in the order of the calls; what
 * is imported (`f32x4.mul(a, b)`) is an expression and emits where a method consumes it. A mistake (a
 * wrong type, an empty stack, values left over, a label that is closed) throws an AssemblyError that names
 * the function, the instruction and what was expected.
 */
export class FunctionBuilder {
  readonly #emitter: CodeEmitter;
  /** Names that are taken, with the number from which on the next of this name looks for a free one. */
  readonly #localNames = new Map<string, number>();
  readonly #statements = new Map<string, unknown>();

  constructor(emitter: CodeEmitter) {
    this.#emitter = emitter;
    for (const { name } of emitter.locals) this.#localNames.set(name, 2);
  }

  /** Instructions without a result: `f.v128.store(address, value, offset)`. */
  get v128(): Statements<"v128"> {
    return this.#statementsOf("v128");
  }

  get i32(): Statements<"i32"> {
    return this.#statementsOf("i32");
  }

  get i64(): Statements<"i64"> {
    return this.#statementsOf("i64");
  }

  get f32(): Statements<"f32"> {
    return this.#statementsOf("f32");
  }

  get f64(): Statements<"f64"> {
    return this.#statementsOf("f64");
  }

  get memory(): Statements<"memory"> {
    return this.#statementsOf("memory");
  }

  get data(): Statements<"data"> {
    return this.#statementsOf("data");
  }

  get atomic(): Statements<"atomic"> {
    return this.#statementsOf("atomic");
  }

  /** A new local variable, 0 at first. A name that is taken gets a number behind it. */
  local<T extends ValueType>(type: T, name: string): Local<T> {
    checkName("local", name);
    let unique = name;
    let number = this.#localNames.get(name);
    if (number !== undefined) {
      do unique = `${name}_${number++}`;
      while (this.#localNames.has(unique));
      this.#localNames.set(name, number);
    }
    this.#localNames.set(unique, 2);
    return new Local<T>(
      this.#emitter,
      this.#emitter.addLocal(unique, type) as { name: string; type: T; index: number },
    );
  }

  /** Several locals: `name0`, `name1` … */
  locals<T extends ValueType>(type: T, name: string, count: number): readonly Local<T>[] {
    return Array.from({ length: count }, (_, index) => this.local(type, `${name}${index}`));
  }

  /** A new local that holds the expression's value of this moment. */
  let<T extends ValueType>(name: string, value: Expression<T>): Local<T> {
    const local = this.local(value.type, name);
    local.set(value);
    return local;
  }

  /** Leaves the expression's value on the stack: a block's or the function's result. */
  push(value: Expression): void {
    value.emit(this.#emitter);
  }

  /** Emits an instruction on operands that lie on the stack already: the plain stack machine. */
  op<N extends FixedInstructionName>(name: N, ...immediates: StackArguments<N>): void {
    const [first, second] = immediates as readonly Immediate[];
    this.#emitter.emit(instructions[name], first, second);
  }

  /** Computes a value for its side effects only; without one, drops what lies on the stack. */
  drop(value?: Expression): void {
    value?.emit(this.#emitter);
    this.#emitter.drop();
  }

  /** Chooses between two values of one type on the stack by the condition above them. */
  select(): void {
    this.#emitter.select();
  }

  setGlobal<T extends ValueType>(global: Global<T>, value: Operand<T>): void {
    emitOperand(this.#emitter, value, global.type);
    this.#emitter.globalSet(global);
  }

  /** Adds to a counter or an address. */
  increment(local: Local<"i32">, by: Operand<"i32">): void {
    local.set(i32.add(local, by));
  }

  /** A branch to the label leaves the block. */
  block(body: (exit: Label) => void, type?: BlockType): void {
    const exit = this.#emitter.open("block", type);
    body(exit);
    this.#emitter.end();
  }

  /** A branch to the label starts the next round; without one, the loop ends. */
  loop(body: (again: Label) => void, type?: BlockType): void {
    const again = this.#emitter.open("loop", type);
    body(again);
    this.#emitter.end();
  }

  /** A branch to the label leaves the whole `if`. */
  if(
    condition: Operand<"i32">,
    then: (exit: Label) => void,
    otherwise?: (exit: Label) => void,
    type?: BlockType,
  ): void {
    emitOperand(this.#emitter, condition, "i32");
    const exit = this.#emitter.open("if", type);
    then(exit);
    if (otherwise !== undefined) {
      this.#emitter.else();
      otherwise(exit);
    }
    this.#emitter.end();
  }

  /**
   * Repeats while the condition holds; it is tested first. A branch to the label leaves the loop. The
   * condition is emitted twice, before the loop and at its end, so that a round has one branch.
   */
  while(condition: Operand<"i32">, body: (exit: Label) => void): void {
    this.if(condition, (exit) => this.doWhile(() => body(exit), condition));
  }

  /** Repeats while the condition holds; it is tested after each round. */
  doWhile(body: () => void, condition: Operand<"i32">): void {
    this.loop((again) => {
      body();
      this.brIf(again, condition);
    });
  }

  /** A counted loop. A branch to the label leaves it; the counter then keeps its value. */
  for(counter: Local<"i32">, { from, below, step = 1 }: LoopRange, body: (exit: Label) => void): void {
    const end = this.#once(`${counter.name}_end`, below);
    const stride = this.#once(`${counter.name}_step`, step);
    if (from !== undefined) counter.set(from);
    this.while(i32.lt_u(counter, end), (exit) => {
      body(exit);
      this.increment(counter, stride);
    });
  }

  br(label: Label): void {
    this.#emitter.br(label);
  }

  brIf(label: Label, condition: Operand<"i32">): void {
    emitOperand(this.#emitter, condition, "i32");
    this.#emitter.brIf(label);
  }

  /** Branches to `labels[index]`, or to `otherwise` where there is none. */
  brTable(labels: readonly Label[], otherwise: Label, index: Operand<"i32">): void {
    emitOperand(this.#emitter, index, "i32");
    this.#emitter.brTable(labels, otherwise);
  }

  /** Returns the values, or what lies on the stack if none are given. */
  return(...values: readonly Operand<ValueType>[]): void {
    const { results } = this.#emitter;
    if (values.length > 0 && values.length !== results.length) {
      this.#emitter.refuse(`return: expected ${formatTypes(results)}, found ${values.length} values`);
    }
    for (const [index, value] of values.entries()) emitOperand(this.#emitter, value, results[index]!);
    this.#emitter.return();
  }

  unreachable(): void {
    this.#emitter.unreachable();
  }

  /** Calls a function; its results lie on the stack. The expression `call` is shorter where there is one. */
  call<P extends Parameters>(callee: WasmFunction<P>, operands: CallOperands<P>): void {
    emitCall(this.#emitter, callee, operands);
  }

  /** Calls the function in the table's element `index`; its results lie on the stack. */
  callIndirect<P extends Parameters>(
    table: WasmTable,
    signature: Signature<P>,
    index: Operand<"i32">,
    operands: CallOperands<P>,
  ): void {
    for (const [name, type] of Object.entries(signature.parameters)) {
      emitOperand(this.#emitter, operands[name], type);
    }
    emitOperand(this.#emitter, index, "i32");
    this.#emitter.callIndirect(table, signature);
  }

  /** Most functions need few of them, so they are made when they are asked for. */
  #statementsOf<Prefix extends string>(prefix: Prefix): Statements<Prefix> {
    let calls = this.#statements.get(prefix);
    if (calls === undefined) {
      calls = statementCalls(this.#emitter, prefix);
      this.#statements.set(prefix, calls);
    }
    return calls as Statements<Prefix>;
  }

  #once(name: string, value: Operand<"i32">): Operand<"i32"> {
    return typeof value === "number" || value instanceof Local ? value : this.let(name, value);
  }
}

/** A function that was written. */
export interface AssembledFunction {
  /** Where its size and body lie in the bytes of all bodies. */
  readonly start: number;
  readonly end: number;
  /** Of parameters and locals. */
  readonly localNames: readonly string[];
}

/** Writes a function with `scratch` as room for its code, and appends it to `bodies`. */
export function assembleFunction<P extends Parameters>(
  { module, name, parameters, results }: WasmFunction<P>,
  body: (f: FunctionBuilder, parameters: ParameterLocals<P>) => void,
  bodies: ByteWriter,
  scratch: ByteWriter,
): AssembledFunction {
  const emitter = new CodeEmitter(module, name, { parameters, results }, scratch);
  const parameterLocals: Record<string, Local> = {};
  for (const variable of emitter.locals) parameterLocals[variable.name] = new Local(emitter, variable);
  body(new FunctionBuilder(emitter), parameterLocals as unknown as ParameterLocals<P>);
  const start = bodies.length;
  emitter.finish(bodies);
  return { start, end: bodies.length, localNames: emitter.locals.map((local) => local.name) };
}
