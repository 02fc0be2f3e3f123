import type { ByteReader } from "./byte-reader.ts";
import { AssemblyError } from "./error.ts";
import { type Instruction, instructions } from "./opcodes/instructions.ts";
import { formatBits32, formatF32, formatF64 } from "./text-numbers.ts";
import { type ValueType, valueTypeCodes } from "./types.ts";

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** What the code of a function refers to by number. */
export interface CodeContext {
  readonly types: readonly FunctionType[];
  readonly functionName: (index: number) => string;
  readonly localName: (index: number) => string;
}

const emptyBlock = 0x40;
const maximumLocals = 50_000; // of one declaration; engines refuse more in a whole function

/** Turns byte code into lines of the text format. */
export class CodeFormatter {
  readonly #byCode = new Map<number, Instruction>();
  readonly #valueTypes = new Map<number, ValueType>();

  constructor() {
    for (const instruction of Object.values(instructions)) {
      this.#byCode.set(key(instruction.prefix, instruction.code), instruction);
    }
    for (const [type, code] of Object.entries(valueTypeCodes)) this.#valueTypes.set(code, type as ValueType);
  }

  /** `(param i32 f32) (result f32)`, each with a space before it where it is not empty. */
  signature({ parameters, results }: FunctionType): string {
    return group("param", parameters) + group("result", results);
  }

  valueType(code: ByteReader): ValueType {
    return this.#valueType(code.byte());
  }

  /** The declared locals of a function, which stand before its code. */
  locals(body: ByteReader): readonly ValueType[] {
    return body
      .vector(() => {
        const count = body.u32();
        if (count > maximumLocals) {
          throw new AssemblyError(`expected at most ${maximumLocals} locals, found ${count}`);
        }
        return Array<ValueType>(count).fill(this.valueType(body));
      })
      .flat();
  }

  /** The one instruction of a constant expression. */
  constant(code: ByteReader): string {
    const instruction = this.#instruction(code);
    const operand = this.#immediate(instruction, code);
    if (this.#instruction(code).name !== "end")
      throw new AssemblyError("expected the end of a constant expression");
    return `(${instruction.name} ${operand})`;
  }

  /** The instructions of a function up to its last `end`, which is left out. */
  lines(code: ByteReader, context: CodeContext): string[] {
    const lines: string[] = [];
    const labels: string[] = [];
    let labelCount = 0;
    for (;;) {
      const instruction = this.#instruction(code);
      const { name } = instruction;
      if (name === "end" && labels.length === 0) return lines;
      if (name === "end") labels.pop();
      const depth = labels.length - (name === "else" ? 1 : 0);
      if (instruction.immediate === "block") labels.push(`$${name}${++labelCount}`);
      const operand = this.#operand(instruction, code, context, labels);
      lines.push("  ".repeat(depth) + name + (operand === "" ? "" : ` ${operand}`));
    }
  }

  #instruction(code: ByteReader): Instruction {
    const first = code.byte();
    const prefix = first >= 0xfc ? first : 0;
    const opcode = prefix === 0 ? first : code.u32();
    const instruction = this.#byCode.get(key(prefix, opcode));
    if (instruction === undefined) {
      const bytes = (prefix === 0 ? [opcode] : [prefix, opcode]).map(formatByte).join(" ");
      throw new AssemblyError(`expected an opcode of the tables, found ${bytes}`);
    }
    return instruction;
  }

  #operand(
    instruction: Instruction,
    code: ByteReader,
    context: CodeContext,
    labels: readonly string[],
  ): string {
    const label = () => {
      const depth = code.u32();
      // The function itself has no label: a branch to it keeps its number.
      return labels[labels.length - 1 - depth] ?? String(depth);
    };
    switch (instruction.immediate) {
      case "block":
        return labels.at(-1) + this.#blockType(code, context.types);
      case "label":
        return label();
      case "labels":
        return [...code.vector(label), label()].join(" ");
      case "function":
        return context.functionName(code.u32());
      case "type table": {
        const type = code.u32();
        return `${code.u32()} (type $${type})`;
      }
      case "local":
        return context.localName(code.u32());
      default:
        return this.#immediate(instruction, code);
    }
  }

  #immediate({ immediate, extent }: Instruction, code: ByteReader): string {
    switch (immediate) {
      case "i32":
        return String(code.s32());
      case "i64":
        return String(code.s64());
      case "f32":
        return formatF32(code.bits32());
      case "f64":
        return formatF64(code.bits64());
      case "v128":
        return `i32x4 ${Array.from({ length: 4 }, () => formatBits32(code.bits32())).join(" ")}`;
      case "memarg":
        return formatMemarg(code, extent);
      case "memarg lane":
        return `${formatMemarg(code, extent)} ${code.byte()}`.trimStart();
      case "lane":
        return String(code.byte());
      case "lanes16":
        return code.bytes(16).join(" ");
      case "memory":
      case "fence":
        code.byte();
        return "";
      case "memory memory":
        code.bytes(2);
        return "";
      case "data memory": {
        const segment = code.u32();
        code.byte();
        return String(segment);
      }
      case "data":
        return String(code.u32());
      case "global":
        return `$${code.u32()}`;
      default:
        return "";
    }
  }

  #blockType(code: ByteReader, types: readonly FunctionType[]): string {
    const type = code.s33();
    if (type >= 0) {
      const signature = types[type];
      if (signature === undefined)
        throw new AssemblyError(`expected one of ${types.length} types, found type ${type}`);
      return this.signature(signature);
    }
    const byte = type & 0x7f;
    return byte === emptyBlock ? "" : group("result", [this.#valueType(byte)]);
  }

  #valueType(code: number): ValueType {
    const type = this.#valueTypes.get(code);
    if (type === undefined) throw new AssemblyError(`expected a value type, found ${formatByte(code)}`);
    return type;
  }
}

function key(prefix: number, code: number): number {
  return prefix * 2 ** 32 + code;
}

function formatByte(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

function group(keyword: string, types: readonly ValueType[]): string {
  return types.length === 0 ? "" : ` (${keyword} ${types.join(" ")})`;
}

function formatMemarg(code: ByteReader, natural: number): string {
  const align = 2 ** code.u32();
  const offset = code.u32();
  const parts = [offset === 0 ? "" : `offset=${offset}`, align === natural ? "" : `align=${align}`];
  return parts.filter((part) => part !== "").join(" ");
}
