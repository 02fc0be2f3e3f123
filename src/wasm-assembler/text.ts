import { ByteReader } from "./byte-reader.ts";
import { AssemblyError } from "./error.ts";
import { CodeFormatter, type FunctionType } from "./text-code.ts";
import { formatString } from "./text-numbers.ts";
import { identifierPattern } from "./types.ts";

/**
 * A module in the text format, for people who debug kernels: one instruction a line, indented, with the
 * names of the name section. Other tools read it back as the same module. It understands what
 * `ModuleBuilder` builds; anything else throws an AssemblyError.
 */
export function formatModule(bytes: Uint8Array): string {
  const { sections, customSections } = readSections(bytes);
  const names = readNames(customSections.find(({ name }) => name === "name")?.content);
  const code = new CodeFormatter();
  const items = <T>(id: number, read: (section: ByteReader, index: number) => T): T[] => {
    const section = sections.get(id);
    return section === undefined ? [] : section.vector((index) => read(section, index));
  };
  const functionName = (index: number) => identifier(names.functions.get(index), index);
  let globalCount = 0;

  const types = items(1, (section) => readFunctionType(section, code));
  const functionTypes: number[] = [];
  const imports = items(2, (section) => {
    const place = `${quote(section.name())} ${quote(section.name())}`;
    switch (section.byte()) {
      case 0: {
        const type = section.u32();
        functionTypes.push(type);
        return `(import ${place} (func ${functionName(functionTypes.length - 1)} (type $${type})))`;
      }
      case 2:
        return `(import ${place} (memory ${readLimits(section)}))`;
      case 3:
        return `(import ${place} (global $${globalCount++} ${readGlobalType(section, code)}))`;
      default:
        throw new AssemblyError("expected the import of a function, a memory or a global");
    }
  });
  const importedFunctions = functionTypes.length;
  functionTypes.push(...items(3, (section) => section.u32()));

  const lines = [
    ...types.map((type, index) => `(type $${index} (func${code.signature(type)}))`),
    ...imports,
    ...items(4, (section) => {
      expectByte(section, funcref, "funcref");
      return `(table ${readLimits(section)} funcref)`;
    }),
    ...items(5, (section) => `(memory ${readLimits(section)})`),
    ...items(
      6,
      (section) => `(global $${globalCount++} ${readGlobalType(section, code)} ${code.constant(section)})`,
    ),
    ...items(7, (section) => {
      const name = quote(section.name());
      const kind = exportKinds[section.byte()];
      const index = section.u32();
      const target = kind === "func" ? functionName(index) : kind === "global" ? `$${index}` : index;
      return `(export ${name} (${kind} ${target}))`;
    }),
    ...items(9, (section) => {
      expectByte(section, 0, "an active segment of table 0");
      const at = code.constant(section);
      return `(elem ${[at, "func", ...section.vector(() => functionName(section.u32()))].join(" ")})`;
    }),
    ...items(11, (section) => {
      const at = section.byte() === 0 ? `${code.constant(section)} ` : "";
      return `(data ${at}${formatString(section.bytes(section.u32()))})`;
    }),
    ...items(10, (section, index) => {
      const functionIndex = importedFunctions + index;
      const type = types[functionTypes[functionIndex] ?? -1];
      if (type === undefined)
        throw new AssemblyError(`expected a type for function ${functionIndex}, found none`);
      const localNames = names.locals.get(functionIndex);
      const localName = (local: number) => identifier(localNames?.get(local), local);
      const body = section.sized();
      const locals = code.locals(body);
      const header = [
        `(func ${functionName(functionIndex)} (type $${functionTypes[functionIndex]})`,
        ...type.parameters.map((parameter, local) => `(param ${localName(local)} ${parameter})`),
        ...type.results.map((result) => `(result ${result})`),
      ].join(" ");
      return [
        header,
        ...locals.map((local, at) => `  (local ${localName(type.parameters.length + at)} ${local})`),
        ...code.lines(body, { types, functionName, localName }).map((line) => `  ${line}`),
        ")",
      ];
    }).flat(),
    ...customSections
      .filter(({ name }) => name !== "name")
      .map(({ name }) => `;; custom section ${quote(name)}`),
  ];
  const title = names.module === undefined ? "(module" : `(module ${identifier(names.module, 0)}`;
  return `${[title, ...lines.map((line) => `  ${line}`), ")"].join("\n")}\n`;
}

const funcref = 0x70;
const exportKinds = ["func", "table", "memory", "global"];

interface Sections {
  /** Each reader stands at the section's number of items. */
  readonly sections: ReadonlyMap<number, ByteReader>;
  readonly customSections: readonly { readonly name: string; readonly content: ByteReader }[];
}

interface Names {
  readonly module: string | undefined;
  readonly functions: ReadonlyMap<number, string>;
  readonly locals: ReadonlyMap<number, ReadonlyMap<number, string>>;
}

function readSections(bytes: Uint8Array): Sections {
  const module = new ByteReader(bytes);
  if (module.bits32() !== 0x6d736100 || module.bits32() !== 1) {
    throw new AssemblyError("expected a WebAssembly module of version 1, found other bytes");
  }
  const sections = new Map<number, ByteReader>();
  const customSections = [];
  while (!module.done) {
    const id = module.byte();
    const content = module.sized();
    if (id === 0) customSections.push({ name: content.name(), content });
    else if (sections.has(id)) throw new AssemblyError(`expected section ${id} once, found it twice`);
    else sections.set(id, content);
  }
  return { sections, customSections };
}

function readNames(section: ByteReader | undefined): Names {
  let module: string | undefined;
  let functions: Names["functions"] = new Map();
  let locals: Names["locals"] = new Map();
  while (section !== undefined && !section.done) {
    const id = section.byte();
    const part = section.sized();
    if (id === 0) module = part.name();
    if (id === 1) functions = readNameMap(part);
    if (id === 2) locals = new Map(part.vector(() => [part.u32(), readNameMap(part)] as const));
  }
  return { module, functions, locals };
}

function readNameMap(part: ByteReader): ReadonlyMap<number, string> {
  return new Map(part.vector(() => [part.u32(), part.name()] as const));
}

function readFunctionType(section: ByteReader, code: CodeFormatter): FunctionType {
  expectByte(section, 0x60, "a function type");
  const parameters = section.vector(() => code.valueType(section));
  const results = section.vector(() => code.valueType(section));
  return { parameters, results };
}

function readLimits(section: ByteReader): string {
  const flags = section.byte();
  const limits = [section.u32()];
  if (flags & 1) limits.push(section.u32());
  return limits.join(" ") + (flags & 2 ? " shared" : "");
}

function readGlobalType(section: ByteReader, code: CodeFormatter): string {
  const type = code.valueType(section);
  return section.byte() === 1 ? `(mut ${type})` : type;
}

function expectByte(section: ByteReader, expected: number, what: string): void {
  const found = section.byte();
  if (found !== expected) throw new AssemblyError(`expected ${what} (${expected}), found ${found}`);
}

/** `$name`, quoted where the format needs it; without a name, the number. */
function identifier(name: string | undefined, index: number): string {
  if (name === undefined) return `$${index}`;
  return identifierPattern.test(name) ? `$${name}` : `$${quote(name)}`;
}

function quote(text: string): string {
  return formatString(new TextEncoder().encode(text));
}
