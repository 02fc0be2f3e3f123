import { ByteWriter } from "./byte-writer.ts";
import { writeConstantExpression } from "./constants.ts";
import type { DataSegment, ModuleContext, WasmFunction, WasmMemory, WasmTable } from "./definitions.ts";
import { AssemblyError } from "./error.ts";
import { Global } from "./expression.ts";
import {
  type AssembledFunction,
  assembleFunction,
  type FunctionBuilder,
  type ParameterLocals,
} from "./function-builder.ts";
import { writeNames, writeSections } from "./sections.ts";
import {
  checkName,
  type Feature,
  formatTypes,
  type Limits,
  type MemoryType,
  type Parameters,
  type Signature,
  type ValueType,
  valueTypeCodes,
} from "./types.ts";

export interface BuiltModule {
  /** Valid wherever the runtime has the features. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In alphabetical order. */
  readonly requiredFeatures: readonly Feature[];
}

interface FunctionEntry {
  readonly definition: WasmFunction;
  readonly type: number;
  body?: AssembledFunction;
}

type Exportable = WasmFunction | WasmMemory | WasmTable | Global;

const exportCodes = { function: 0, table: 1, memory: 2, global: 3 } as const;
const maximumPages = 2 ** 16;
const initialCodeCapacity = 2 ** 16; // bytes

/**
 * Builds one WebAssembly module. Imports come before the definitions of their kind, because they are
 * numbered first. Equal calls in equal order give equal bytes.
 */
export class ModuleBuilder implements ModuleContext {
  readonly #name: string;
  readonly #typeIndices = new Map<string, number>();
  readonly #types = new ByteWriter();
  readonly #imports = new ByteWriter();
  readonly #globals = new ByteWriter();
  readonly #exports = new ByteWriter();
  readonly #elements = new ByteWriter();
  readonly #data = new ByteWriter();
  readonly #functions: FunctionEntry[] = [];
  /** Function bodies in the order of their definition, which need not be that of the functions. */
  readonly #bodies = new ByteWriter(initialCodeCapacity);
  readonly #functionNames = new Set<string>();
  readonly #exportNames = new Set<string>();
  readonly #customSections: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  readonly #features = new Set<Feature>();
  /** Room for the code of one function; absent while a function is written. */
  #scratch: ByteWriter | undefined;
  #memory: { readonly definition: WasmMemory; readonly imported: boolean } | undefined;
  #table: Limits | undefined;
  #importCount = 0;
  #importedFunctions = 0;
  #importedGlobals = 0;
  #globalCount = 0;
  #elementCount = 0;
  #dataCount = 0;
  #passiveData = false;

  /** The name appears in profiles and in the text dump. */
  constructor(name: string) {
    checkName("module", name);
    this.#name = name;
  }

  get hasMemory(): boolean {
    return this.#memory !== undefined;
  }

  require(feature: Feature): void {
    this.#features.add(feature);
  }

  typeIndex(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${formatTypes(parameters)}${formatTypes(results)}`;
    const known = this.#typeIndices.get(key);
    if (known !== undefined) return known;
    const index = this.#typeIndices.size;
    this.#typeIndices.set(key, index);
    if (key.includes("v128")) this.require("simd");
    this.#types.byte(0x60);
    for (const types of [parameters, results]) {
      this.#types.vector(types, (type) => this.#types.byte(valueTypeCodes[type]));
    }
    return index;
  }

  importFunction<P extends Parameters, const R extends readonly ValueType[]>(
    module: string,
    field: string,
    signature: Signature<P, R>,
    name = field,
  ): WasmFunction<P, R> {
    if (this.#functions.length > this.#importedFunctions) {
      throw new AssemblyError(
        `import "${module}.${field}": expected before the first function of the module`,
      );
    }
    const imported = this.declare(name, signature);
    this.#importedFunctions++;
    this.#import(module, field, 0);
    this.#imports.u32(this.#functions.at(-1)!.type);
    return imported;
  }

  importMemory(module: string, field: string, type: MemoryType): WasmMemory {
    const memory = this.#addMemory(type, true);
    this.#import(module, field, 2);
    writeLimits(this.#imports, type, type.shared);
    return memory;
  }

  importGlobal<T extends ValueType>(
    module: string,
    field: string,
    type: T,
    { mutable = false }: { readonly mutable?: boolean } = {},
  ): Global<T> {
    if (this.#globalCount > this.#importedGlobals) {
      throw new AssemblyError(`import "${module}.${field}": expected before the first global of the module`);
    }
    this.#importedGlobals++;
    this.#import(module, field, 3);
    writeGlobalType(this.#imports, type, mutable);
    return this.#addGlobal(type, mutable);
  }

  /** The memory of a module that does not import one. */
  memory(type: MemoryType): WasmMemory {
    return this.#addMemory(type, false);
  }

  /** A global that starts with this value; of a v128 its bytes (`vectorBytes`). */
  global<T extends ValueType>(
    type: T,
    initial: T extends "v128" ? Uint8Array : T extends "i64" ? bigint : number,
    { mutable = false }: { readonly mutable?: boolean } = {},
  ): Global<T> {
    writeGlobalType(this.#globals, type, mutable);
    writeConstantExpression(this.#globals, type, initial, refusal("global"));
    return this.#addGlobal(type, mutable);
  }

  /** A function and its body. Its name is unique in the module; only `export` makes it visible. */
  function<P extends Parameters, const R extends readonly ValueType[]>(
    name: string,
    signature: Signature<P, R>,
    body: (f: FunctionBuilder, parameters: ParameterLocals<P>) => void,
  ): WasmFunction<P, R> {
    const declared = this.declare(name, signature);
    this.define(declared, body);
    return declared;
  }

  /** A function whose body comes later, so that others can call it before. */
  declare<P extends Parameters, const R extends readonly ValueType[]>(
    name: string,
    { parameters, results }: Signature<P, R>,
  ): WasmFunction<P, R> {
    checkName("function", name);
    if (this.#functionNames.has(name)) {
      throw new AssemblyError(`function "${name}": expected a name that is free, found one that is taken`);
    }
    for (const parameter of Object.keys(parameters)) {
      // An object's integer keys do not keep their place.
      if (/^\d+$/.test(parameter)) {
        throw new AssemblyError(
          `function "${name}": expected names of parameters, found the number ${parameter}`,
        );
      }
      checkName(`function "${name}", parameter`, parameter);
    }
    this.#functionNames.add(name);
    const index = this.#functions.length;
    const definition = { kind: "function", module: this, index, name, parameters, results } as const;
    this.#functions.push({ definition, type: this.typeIndex(Object.values(parameters), results) });
    return definition;
  }

  define<P extends Parameters>(
    declared: WasmFunction<P>,
    body: (f: FunctionBuilder, parameters: ParameterLocals<P>) => void,
  ): void {
    const entry = this.#functions[declared.index];
    if (entry?.definition !== declared || declared.index < this.#importedFunctions) {
      throw new AssemblyError(`function "${declared.name}": expected one that this module declared`);
    }
    if (entry.body !== undefined) {
      throw new AssemblyError(`function "${declared.name}": expected no body yet, found one`);
    }
    // A body may define another function that it needs.
    const scratch = this.#scratch ?? new ByteWriter(initialCodeCapacity);
    this.#scratch = undefined;
    entry.body = assembleFunction(declared, body, this.#bodies, scratch);
    this.#scratch = scratch;
  }

  /** The table of functions that `callIndirect` chooses from. */
  table(limits: Limits): WasmTable {
    if (this.#table !== undefined) throw new AssemblyError("table: expected one, found a second");
    checkLimits("table", limits, 2 ** 32 - 1);
    this.#table = limits;
    return { kind: "table", module: this, index: 0 };
  }

  /** Puts functions into the table, from element `at` on, when the module is instantiated. */
  elements(table: WasmTable, at: number, functions: readonly WasmFunction[]): void {
    this.#own(table);
    for (const definition of functions) this.#own(definition);
    this.#elements.u32(0);
    writeConstantExpression(this.#elements, "i32", at, refusal("elements"));
    this.#elements.vector(functions, ({ index }) => this.#elements.u32(index));
    this.#elementCount++;
  }

  /** Bytes that are copied to address `at` when the module is instantiated. */
  data(at: number, bytes: Uint8Array): void {
    if (!this.hasMemory) throw new AssemblyError("data: expected a memory, found none in the module");
    this.#data.u32(0);
    writeConstantExpression(this.#data, "i32", at, refusal("data"));
    this.#addData(bytes);
  }

  /** Bytes for `memory.init` and `data.drop`. */
  passiveData(bytes: Uint8Array): DataSegment {
    this.#passiveData = true;
    this.require("bulk-memory");
    this.#data.u32(1);
    return { kind: "data segment", module: this, index: this.#addData(bytes) };
  }

  export(name: string, definition: Exportable): void {
    this.#own(definition);
    if (this.#exportNames.has(name)) {
      throw new AssemblyError(`export "${name}": expected a name that is free, found one that is taken`);
    }
    this.#exportNames.add(name);
    this.#exports.name(name);
    this.#exports.byte(exportCodes[definition.kind]);
    this.#exports.u32(definition.index);
  }

  /** A section that engines ignore, after all others but the names. */
  customSection(name: string, bytes: Uint8Array): void {
    this.#customSections.push({ name, bytes });
  }

  /** `names: false` leaves out the names, which only people read; `"functions"` keeps those that profiles show. */
  build({ names = true }: { readonly names?: boolean | "functions" } = {}): BuiltModule {
    const defined = this.#functions.slice(this.#importedFunctions).map(({ definition, type, body }) => {
      if (body === undefined) {
        throw new AssemblyError(`function "${definition.name}": expected a body, found none`);
      }
      return { type, ...body };
    });
    const memory = this.#memory?.imported === false ? this.#memory.definition : undefined;
    const table = this.#table;
    const bytes = writeSections({
      types: { count: this.#typeIndices.size, items: this.#types },
      imports: { count: this.#importCount, items: this.#imports },
      functions: defined,
      bodies: this.#bodies,
      table: table && ((writer) => writeTable(writer, table)),
      memory: memory && ((writer) => writeLimits(writer, memory, memory.shared)),
      globals: { count: this.#globalCount - this.#importedGlobals, items: this.#globals },
      exports: { count: this.#exportNames.size, items: this.#exports },
      elements: { count: this.#elementCount, items: this.#elements },
      data: { count: this.#dataCount, items: this.#data },
      countData: this.#passiveData,
      customSections: names
        ? [...this.#customSections, this.#nameSection(names === true)]
        : this.#customSections,
    });
    return { bytes, requiredFeatures: [...this.#features].sort() };
  }

  #nameSection(withLocals: boolean): { readonly name: string; readonly bytes: Uint8Array } {
    const functions = this.#functions.map(({ definition, body }) => ({
      name: definition.name,
      localNames: withLocals ? (body?.localNames ?? Object.keys(definition.parameters)) : [],
    }));
    return { name: "name", bytes: writeNames(this.#name, functions) };
  }

  #import(module: string, field: string, kind: number): void {
    this.#imports.name(module);
    this.#imports.name(field);
    this.#imports.byte(kind);
    this.#importCount++;
  }

  #addMemory(type: MemoryType, imported: boolean): WasmMemory {
    if (this.#memory !== undefined) throw new AssemblyError("memory: expected one, found a second");
    checkLimits("memory", type, maximumPages);
    if (type.shared === true) {
      if (type.maximum === undefined) throw new AssemblyError("memory: expected a maximum, as it is shared");
      this.require("threads");
    }
    const definition: WasmMemory = { ...type, kind: "memory", module: this, index: 0 };
    this.#memory = { definition, imported };
    return definition;
  }

  #addGlobal<T extends ValueType>(type: T, mutable: boolean): Global<T> {
    if (type === "v128") this.require("simd");
    return new Global(this, this.#globalCount++, type, mutable);
  }

  #addData(bytes: Uint8Array): number {
    this.#data.u32(bytes.length);
    this.#data.bytes(bytes);
    return this.#dataCount++;
  }

  #own(definition: Exportable): void {
    if (definition.module !== this) {
      throw new AssemblyError(`expected a ${definition.kind} of this module, found one of another`);
    }
  }
}

function refusal(what: string): (message: string) => never {
  return (message) => {
    throw new AssemblyError(`${what}: ${message}`);
  };
}

function checkLimits(what: string, { initial, maximum = initial }: Limits, most: number): void {
  const fits = Number.isInteger(initial) && Number.isInteger(maximum) && 0 <= initial && initial <= maximum;
  if (!fits || maximum > most) {
    throw new AssemblyError(
      `${what}: expected integers 0 ≤ initial ≤ maximum ≤ ${most}, found initial ${initial}, maximum ${maximum}`,
    );
  }
}

function writeLimits(writer: ByteWriter, { initial, maximum }: Limits, shared = false): void {
  writer.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  writer.u32(initial);
  if (maximum !== undefined) writer.u32(maximum);
}

function writeTable(writer: ByteWriter, limits: Limits): void {
  writer.byte(0x70); // funcref
  writeLimits(writer, limits);
}

function writeGlobalType(writer: ByteWriter, type: ValueType, mutable: boolean): void {
  writer.byte(valueTypeCodes[type]);
  writer.byte(mutable ? 1 : 0);
}
