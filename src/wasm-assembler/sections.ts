import { ByteWriter } from "./byte-writer.ts";

/** Items of a section, written one after the other. */
interface Items {
  readonly count: number;
  readonly items: ByteWriter;
}

/** What the sections of a module hold, in their order: core specification 5.5. */
interface Sections {
  readonly types: Items;
  readonly imports: Items;
  /** With the place of each body, sizes included, in `bodies`. */
  readonly functions: readonly { readonly type: number; readonly start: number; readonly end: number }[];
  readonly bodies: ByteWriter;
  readonly table: ((writer: ByteWriter) => void) | undefined;
  readonly memory: ((writer: ByteWriter) => void) | undefined;
  readonly globals: Items;
  readonly exports: Items;
  readonly elements: Items;
  readonly data: Items;
  /** Whether code names data segments; their number then stands before the code. */
  readonly countData: boolean;
  readonly customSections: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

const magicAndVersion = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** The bytes of a module. Sections without items are left out. */
export function writeSections(sections: Sections): Uint8Array<ArrayBuffer> {
  const { functions, bodies, table, memory } = sections;
  const capacity = bodies.length + sections.data.items.length + 2 ** 16;
  const module = new ByteWriter(capacity);
  const scratch = new ByteWriter(capacity);
  module.bytes(magicAndVersion);
  const section = (id: number, count: number, write: (section: ByteWriter) => void) => {
    if (count === 0) return;
    module.byte(id);
    module.sized((section) => {
      section.u32(count);
      write(section);
    }, scratch);
  };
  const items = (id: number, { count, items }: Items) => section(id, count, (writer) => writer.append(items));

  items(1, sections.types);
  items(2, sections.imports);
  section(3, functions.length, (writer) => {
    for (const { type } of functions) writer.u32(type);
  });
  if (table !== undefined) section(4, 1, table);
  if (memory !== undefined) section(5, 1, memory);
  items(6, sections.globals);
  items(7, sections.exports);
  items(9, sections.elements);
  if (sections.countData) section(12, sections.data.count, () => {});
  section(10, functions.length, (writer) => {
    for (const { start, end } of functions) writer.append(bodies, start, end);
  });
  items(11, sections.data);
  for (const { name, bytes } of sections.customSections) {
    module.byte(0);
    module.sized((writer) => {
      writer.name(name);
      writer.bytes(bytes);
    }, scratch);
  }
  return module.toBytes();
}

/** The content of the custom section `name`: the module, its functions, their locals (appendix 7.4.1). */
export function writeNames(
  moduleName: string,
  functions: readonly { readonly name: string; readonly localNames: readonly string[] }[],
): Uint8Array {
  const names = new ByteWriter();
  names.byte(0);
  names.sized((writer) => writer.name(moduleName));
  names.byte(1);
  names.sized((writer) =>
    writeNameMap(
      writer,
      functions.map(({ name }) => name),
    ),
  );
  names.byte(2);
  names.sized((writer) =>
    writer.vector(functions, ({ localNames }, index) => {
      writer.u32(index);
      writeNameMap(writer, localNames);
    }),
  );
  return names.toBytes();
}

function writeNameMap(writer: ByteWriter, names: readonly string[]): void {
  writer.vector(names, (name, index) => {
    writer.u32(index);
    writer.name(name);
  });
}
