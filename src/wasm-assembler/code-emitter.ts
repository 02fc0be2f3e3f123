import { ByteWriter } from "./byte-writer.ts";
import { showConstant, writeConstant } from "./constants.ts";
import type { DataSegment, ModuleContext, WasmFunction, WasmTable } from "./definitions.ts";
import { AssemblyError } from "./error.ts";
import type { Instruction } from "./opcodes/instructions.ts";
import { instructions } from "./opcodes/instructions.ts";
import { type Label, OperandStack } from "./operand-stack.ts";
import {
  type BlockType,
  type Feature,
  formatTypes,
  type Memarg,
  type Signature,
  type ValueType,
  valueTypeCodes,
} from "./types.ts";

/** What an instruction carries besides its operands; which form it must have, its table entry says. */
export type Immediate = number | bigint | Uint8Array | readonly number[] | Memarg | DataSegment | undefined;

/** A parameter or local variable of one function. */
export interface LocalVariable {
  readonly name: string;
  readonly type: ValueType;
  readonly index: number;
}

const constantInstructions: Readonly<Record<ValueType, Instruction>> = {
  i32: instructions["i32.const"],
  i64: instructions["i64.const"],
  f32: instructions["f32.const"],
  f64: instructions["f64.const"],
  v128: instructions["v128.const"],
};

/** A global of a module. */
export interface GlobalVariable {
  readonly kind: "global";
  readonly module: ModuleContext;
  readonly index: number;
  readonly type: ValueType;
  readonly mutable: boolean;
}

/**
 * The byte code of one function while it grows. Every instruction is checked against the types on the
 * stack before it is written, so a module whose functions were all emitted is valid.
 */
export class CodeEmitter {
  readonly module: ModuleContext;
  readonly functionName: string;
  readonly locals: LocalVariable[] = [];
  readonly #code: ByteWriter;
  readonly #refuse = (message: string): never => this.refuse(message);
  readonly #stack = new OperandStack(this.#refuse);
  readonly results: readonly ValueType[];
  readonly #parameterCount: number;
  #instructionIndex = -1;
  #instruction = "start";
  #feature: Feature | undefined;
  #ended = false;

  /** `code` is cleared and filled with the function's code; it is free again after `finish`. */
  constructor(module: ModuleContext, functionName: string, signature: Signature, code: ByteWriter) {
    this.module = module;
    this.#code = code;
    code.clear();
    this.functionName = functionName;
    this.results = signature.results;
    for (const [name, type] of Object.entries(signature.parameters)) this.addLocal(name, type);
    this.#parameterCount = this.locals.length;
    this.#stack.open("function", [], signature.results);
  }

  /** Throws with the place of the latest instruction. */
  refuse(message: string): never {
    throw new AssemblyError(message, {
      functionName: this.functionName,
      instructionIndex: this.#instructionIndex,
      instruction: this.#instruction,
    });
  }

  addLocal(name: string, type: ValueType): LocalVariable {
    if (type === "v128") this.module.require("simd");
    const local = { name, type, index: this.locals.length };
    this.locals.push(local);
    return local;
  }

  /** Emits an instruction whose operands and results its table entry states. */
  emit(instruction: Instruction, first?: Immediate, second?: Immediate): void {
    this.#begin(instruction);
    if (instruction.contextual) this.refuse("this instruction has a method of its own");
    this.#stack.popAll(instruction.operands);
    this.#stack.pushAll(instruction.results);
    if (instruction.immediate !== "none") this.#immediate(instruction, first, second);
  }

  constant(type: ValueType, value: number | bigint): void {
    this.emit(constantInstructions[type], value);
  }

  localGet(local: LocalVariable): void {
    this.#begin(instructions["local.get"]);
    this.#localIndex(local);
    this.#stack.push(local.type);
  }

  localSet(local: LocalVariable): void {
    this.#begin(instructions["local.set"]);
    this.#localIndex(local);
    this.#popInto(`local ${local.name}`, local.type);
  }

  localTee(local: LocalVariable): void {
    this.#begin(instructions["local.tee"]);
    this.#localIndex(local);
    this.#popInto(`local ${local.name}`, local.type);
    this.#stack.push(local.type);
  }

  globalGet(global: GlobalVariable): void {
    this.#begin(instructions["global.get"]);
    this.#ownIndex(global);
    this.#stack.push(global.type);
  }

  globalSet(global: GlobalVariable): void {
    this.#begin(instructions["global.set"]);
    this.#ownIndex(global);
    if (!global.mutable) this.refuse(`expected a mutable global, found global ${global.index}, which is not`);
    this.#popInto(`global ${global.index}`, global.type);
  }

  /** Opens a construct. An `if` takes its condition from the stack, above the parameters. */
  open(kind: "block" | "loop" | "if", { parameters = [], results = [] }: BlockType = {}): Label {
    this.#begin(instructions[kind]);
    if (kind === "if") this.#stack.popAll(["i32"]);
    const label = this.#stack.open(kind, parameters, results);
    if (parameters.length === 0 && results.length === 0) this.#code.byte(0x40);
    else if (parameters.length === 0 && results.length === 1) this.#code.byte(valueTypeCodes[results[0]!]);
    else this.#code.s32(this.module.typeIndex(parameters, results));
    return label;
  }

  else(): void {
    this.#begin(instructions.else);
    this.#stack.else();
  }

  end(): void {
    this.#begin(instructions.end);
    this.#stack.close();
  }

  br(label: Label): void {
    this.#begin(instructions.br);
    this.#code.u32(this.#stack.depthOf(label));
    this.#stack.popAll(this.#stack.branchTypes(label));
    this.#stack.unreachable();
  }

  brIf(label: Label): void {
    this.#begin(instructions.br_if);
    this.#code.u32(this.#stack.depthOf(label));
    this.#stack.popAll(["i32"]);
    const types = this.#stack.branchTypes(label);
    this.#stack.popAll(types);
    this.#stack.pushAll(types);
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.#begin(instructions.br_table);
    this.#stack.popAll(["i32"]);
    this.#code.vector(labels, (label) => this.#code.u32(this.#stack.depthOf(label)));
    this.#code.u32(this.#stack.depthOf(otherwise));
    const types = this.#stack.branchTypes(otherwise);
    for (const label of labels) {
      const others = this.#stack.branchTypes(label);
      if (others.length !== types.length) {
        this.refuse(
          `expected labels that take ${formatTypes(types)}, found one that takes ${formatTypes(others)}`,
        );
      }
      this.#stack.check(others);
    }
    this.#stack.popAll(types);
    this.#stack.unreachable();
  }

  return(): void {
    this.#begin(instructions.return);
    this.#stack.popAll(this.results);
    this.#stack.unreachable();
  }

  unreachable(): void {
    this.#begin(instructions.unreachable);
    this.#stack.unreachable();
  }

  call(callee: WasmFunction): void {
    this.#begin(instructions.call);
    this.#ownIndex(callee);
    this.#stack.popAll(Object.values(callee.parameters));
    this.#stack.pushAll(callee.results);
  }

  callIndirect(table: WasmTable, signature: Signature): void {
    this.#begin(instructions.call_indirect);
    const parameters = Object.values(signature.parameters);
    this.#stack.popAll(["i32"]);
    this.#stack.popAll(parameters);
    this.#stack.pushAll(signature.results);
    this.#code.u32(this.module.typeIndex(parameters, signature.results));
    this.#ownIndex(table);
  }

  drop(): void {
    this.#begin(instructions.drop);
    this.#stack.pop();
  }

  select(): void {
    this.#begin(instructions.select);
    this.#stack.popAll(["i32"]);
    const second = this.#stack.pop();
    const first = this.#stack.pop();
    if (first !== second && first !== "unknown" && second !== "unknown") {
      this.refuse(`expected two operands of one type, found ${formatTypes([first, second])}`);
    }
    this.#stack.push(first === "unknown" ? second : first);
  }

  /** Ends the function and appends its body as the code section holds it: size, local variables, code. */
  finish(section: ByteWriter): void {
    this.end();
    this.#ended = true;
    if (this.#stack.depth !== 0) this.refuse("expected the function's end, found an open construct");
    const declarations = new ByteWriter(64);
    declarations.vector(this.#localGroups(), ({ count, type }) => {
      declarations.u32(count);
      declarations.byte(valueTypeCodes[type]);
    });
    section.u32(declarations.length + this.#code.length);
    section.append(declarations);
    section.append(this.#code);
  }

  #localGroups(): { count: number; type: ValueType }[] {
    const groups: { count: number; type: ValueType }[] = [];
    for (const { type } of this.locals.slice(this.#parameterCount)) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ count: 1, type });
    }
    return groups;
  }

  #begin(instruction: Instruction): void {
    this.#instructionIndex++;
    this.#instruction = instruction.name;
    if (this.#ended) this.refuse("expected an open function, found one that has ended");
    if (instruction.feature !== this.#feature && instruction.feature !== undefined) {
      this.#feature = instruction.feature;
      this.module.require(instruction.feature);
    }
    if (instruction.prefix === 0) {
      this.#code.byte(instruction.code);
    } else {
      this.#code.byte(instruction.prefix);
      this.#code.u32(instruction.code);
    }
  }

  #popInto(what: string, type: ValueType): void {
    const found = this.#stack.pop();
    if (found !== type && found !== "unknown") this.refuse(`${what}: expected ${type}, found ${found}`);
  }

  #localIndex(local: LocalVariable): void {
    if (this.locals[local.index] !== local) {
      this.refuse(`expected a local of this function, found ${local.name} of another`);
    }
    this.#code.u32(local.index);
  }

  #ownIndex(definition: WasmFunction | WasmTable | DataSegment | GlobalVariable): void {
    if (definition.module !== this.module) {
      this.refuse(`expected a ${definition.kind} of this module, found one of another`);
    }
    this.#code.u32(definition.index);
  }

  #immediate(instruction: Instruction, first: Immediate, second: Immediate): void {
    switch (instruction.immediate) {
      case "i32":
      case "i64":
      case "f32":
      case "f64":
      case "v128":
        writeConstant(this.#code, instruction.immediate, first, this.#refuse);
        break;
      case "memarg":
        this.#memarg(instruction, first);
        break;
      case "lane":
        this.#lane(first, instruction.extent);
        break;
      case "memarg lane":
        this.#memarg(instruction, second);
        this.#lane(first, 16 / instruction.extent);
        break;
      case "lanes16":
        if (!Array.isArray(first) || first.length !== 16) {
          this.refuse(`expected 16 lane numbers, found ${showConstant(first)}`);
        }
        for (const lane of first) this.#lane(lane, instruction.extent);
        break;
      case "memory":
        this.#memoryIndex();
        break;
      case "memory memory":
        this.#memoryIndex();
        this.#memoryIndex();
        break;
      case "data memory":
        this.#segment(first);
        this.#memoryIndex();
        break;
      case "data":
        this.#segment(first);
        break;
      case "fence":
        this.#code.byte(0);
        break;
      default:
        this.refuse(`no form is known for the immediate "${instruction.immediate}"`);
    }
  }

  #memarg({ extent, prefix }: Instruction, immediate: Immediate): void {
    this.#needMemory();
    let offset = 0;
    let align = extent;
    if (typeof immediate === "number") {
      offset = immediate;
    } else if (immediate !== undefined) {
      ({ offset = 0, align = extent } = immediate as Memarg);
      const exact = prefix === 0xfe;
      if (exact ? align !== extent : !(align > 0 && align <= extent && Number.isInteger(Math.log2(align)))) {
        const expected = exact ? `${extent}, as an atomic access must` : `a power of two up to ${extent}`;
        this.refuse(`alignment: expected ${expected}, found ${align}`);
      }
    }
    if (offset >>> 0 !== offset) {
      this.refuse(`offset: expected an integer in 0 … ${0xffffffff}, found ${offset}`);
    }
    this.#code.byte(31 - Math.clz32(align));
    this.#code.u32(offset);
  }

  #lane(lane: Immediate, lanes: number): void {
    if (typeof lane !== "number" || !Number.isInteger(lane) || lane < 0 || lane >= lanes) {
      this.refuse(`lane: expected an integer in 0 … ${lanes - 1}, found ${showConstant(lane)}`);
    }
    this.#code.byte(lane);
  }

  #segment(immediate: Immediate): void {
    const segment = immediate as DataSegment | undefined;
    if (segment?.kind !== "data segment")
      this.refuse(`expected a data segment, found ${showConstant(immediate)}`);
    this.#ownIndex(segment);
  }

  #memoryIndex(): void {
    this.#needMemory();
    this.#code.byte(0);
  }

  #needMemory(): void {
    if (!this.module.hasMemory) this.refuse("expected a memory, found none in the module");
  }
}
