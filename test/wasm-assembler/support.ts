import { ByteReader } from "../../src/wasm-assembler/byte-reader.ts";
import {
  type FunctionBuilder,
  ModuleBuilder,
  type ParameterLocals,
  type Parameters,
  type ValueType,
} from "../../src/wasm-assembler/index.ts";

/** Hexadecimal bytes with white space and comments (`;;` to the end of the line), as `hex` writes them. */
export function annotated(text: string): string {
  return text.replace(/;;.*/g, "").replace(/\s+/g, "");
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The content of the section with this number. */
export function section(module: Uint8Array, wanted: number): Uint8Array {
  const reader = new ByteReader(module.subarray(8));
  while (!reader.done) {
    const id = reader.byte();
    const content = reader.bytes(reader.u32());
    if (id === wanted) return content;
  }
  throw new Error(`the module has no section ${wanted}`);
}

/** A module with a memory of one page and one exported function, `run`. */
export function moduleWith<P extends Parameters, const R extends readonly ValueType[]>(
  parameters: P,
  results: R,
  body: (f: FunctionBuilder, parameters: ParameterLocals<P>) => void,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder("test");
  module.export("memory", module.memory({ initial: 1 }));
  module.export("run", module.function("run", { parameters, results }, body));
  return module.build({ names: false }).bytes;
}

/** The body of the one function of such a module: local declarations, then code. */
export function bodyOf(module: Uint8Array): string {
  const code = new ByteReader(section(module, 10));
  code.u32();
  return hex(code.bytes(code.u32()));
}

/** Compiles and instantiates; the memory, if exported, comes along. */
export function instantiate<Run extends (...args: never[]) => unknown>(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.Imports = {},
): { readonly run: Run; readonly memory: WebAssembly.Memory; readonly exports: WebAssembly.Exports } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return { run: exports.run as unknown as Run, memory: exports.memory as WebAssembly.Memory, exports };
}
