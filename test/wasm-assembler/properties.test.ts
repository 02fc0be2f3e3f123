import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AssemblyError,
  Expression,
  type FunctionBuilder,
  formatModule,
  instructions,
  type Label,
  type Local,
  ModuleBuilder,
  type ValueType,
  vectorBytes,
} from "../../src/wasm-assembler/index.ts";
import type { FixedInstructionName, Instruction } from "../../src/wasm-assembler/opcodes/instructions.ts";
import { hex } from "./support.ts";

const valueTypes = ["i32", "i64", "f32", "f64", "v128"] as const;

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });

/** Arguments of `op` that fit the instruction. */
function immediatesOf({ immediate, extent }: Instruction): fc.Arbitrary<readonly unknown[]> {
  const offset = fc.nat(2 ** 32 - 1);
  switch (immediate) {
    case "i32":
      return fc.tuple(int32);
    case "i64":
      return fc.tuple(int64);
    case "f32":
    case "f64":
      return fc.tuple(fc.double());
    case "v128":
      return fc.tuple(fc.tuple(int64, int64).map(([low, high]) => vectorBytes("i64x2", low, high)));
    case "memarg":
      return fc.tuple(offset);
    case "lane":
      return fc.tuple(fc.nat(extent - 1));
    case "memarg lane":
      return fc.tuple(fc.nat(16 / extent - 1), offset);
    case "lanes16":
      return fc.tuple(fc.array(fc.nat(31), { minLength: 16, maxLength: 16 }));
    default:
      return fc.constant([]);
  }
}

interface Step {
  readonly instruction: Instruction;
  readonly immediates: readonly unknown[];
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc
    .constantFrom(
      ...Object.values(instructions).filter(
        ({ contextual, feature, immediate }) =>
          !contextual && feature !== "relaxed-simd" && !immediate.startsWith("data"),
      ),
    )
    .chain((instruction) =>
      immediatesOf(instruction).map((immediates): Step => ({ instruction, immediates })),
    ),
  { minLength: 1, maxLength: 40 },
);

test("every well-typed straight-line program is valid, and its text can be read", () => {
  fc.assert(
    fc.property(steps, (program) => {
      const module = new ModuleBuilder("straight");
      module.memory({ initial: 1 });
      module.function("f", { parameters: {}, results: [] }, (f) => {
        const locals = Object.fromEntries(valueTypes.map((type) => [type, f.local(type, type)])) as {
          readonly [T in ValueType]: Local<T>;
        };
        // Each instruction finds its operands in the locals and leaves its results there.
        for (const { instruction, immediates } of program) {
          for (const type of instruction.operands) f.push(locals[type]);
          f.op(instruction.name as FixedInstructionName, ...(immediates as []));
          for (const type of instruction.results) locals[type].set();
        }
      });
      const { bytes } = module.build();
      assert.ok(WebAssembly.validate(bytes), formatModule(bytes));
      assert.match(
        formatModule(bytes),
        new RegExp(`\\b${program[0]!.instruction.name.replace(".", "\\.")}\\b`),
      );
    }),
    { numRuns: 100 },
  );
});

/** One instruction of a program that may be wrong, and how it is encoded when nobody checks. */
type Node =
  | { readonly kind: "plain"; readonly name: FixedInstructionName; readonly bytes: readonly number[] }
  | { readonly kind: "drop" | "select" | "return" | "unreachable" }
  | { readonly kind: "get" | "set" | "tee"; readonly local: 0 | 1 }
  | { readonly kind: "br" | "brIf"; readonly depth: number }
  | { readonly kind: "brTable"; readonly depths: readonly number[]; readonly otherwise: number }
  | { readonly kind: "block" | "loop"; readonly type: number; readonly body: readonly Node[] }
  | {
      readonly kind: "if";
      readonly type: number;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[] | undefined;
    };

type Types = readonly ("i32" | "f32")[];

const localTypes = ["i32", "f32"] as const;
const blockTypes: readonly { parameters: Types; results: Types; bytes: readonly number[] }[] = [
  { parameters: [], results: [], bytes: [0x40] },
  { parameters: [], results: ["i32"], bytes: [0x7f] },
  { parameters: [], results: ["f32"], bytes: [0x7d] },
  { parameters: ["i32"], results: ["i32"], bytes: [0] },
  { parameters: ["i32"], results: [], bytes: [1] },
  { parameters: ["i32", "f32"], results: ["f32", "i32"], bytes: [2] },
];
const typeSection = [
  [4],
  [0x60, 1, 0x7f, 1, 0x7f],
  [0x60, 1, 0x7f, 0],
  [0x60, 2, 0x7f, 0x7d, 2, 0x7d, 0x7f],
  [0x60, 0, 0], // the function's own
].flat();

const plain = (name: FixedInstructionName, ...bytes: number[]): Node => ({ kind: "plain", name, bytes });
const plainNodes = [
  plain("i32.const", 0x41, 5),
  plain("f32.const", 0x43, 0, 0, 0, 0x3f),
  plain("i32.add", 0x6a),
  plain("i32.eqz", 0x45),
  plain("f32.add", 0x92),
  plain("f32.lt", 0x5d),
  plain("f32.convert_i32_s", 0xb2),
];
const plainArguments: Partial<Record<FixedInstructionName, readonly [number]>> = {
  "i32.const": [5],
  "f32.const": [0.5],
};

/** A construct's content: mostly well typed, as `choose` (a number below its argument) decides. */
function randomBody(
  choose: (below: number) => number,
  parameters: Types,
  results: Types,
  labels: readonly Types[],
): Node[] {
  const body: Node[] = [];
  let stack: Types = parameters;
  let reachable = true;
  const step = (node: Node, pops: Types, pushes: Types) => ({ node, pops, pushes });
  const fits = (pops: Types) => {
    const present = stack.slice(-pops.length || stack.length);
    const asked = pops.slice(pops.length - present.length);
    return (present.length === pops.length || !reachable) && asked.every((type, i) => type === present[i]);
  };
  for (let rounds = choose(7); rounds > 0; rounds--) {
    const depth = choose(Math.max(1, labels.length));
    const other = choose(Math.max(1, labels.length));
    const label = labels[depth] ?? [];
    const local = choose(2) as 0 | 1;
    const type = choose(blockTypes.length);
    const construct = (kind: "block" | "loop") => {
      const { parameters, results } = blockTypes[type]!;
      const inner = [kind === "loop" ? parameters : results, ...labels];
      return step({ kind, type, body: randomBody(choose, parameters, results, inner) }, parameters, results);
    };
    const conditional = () => {
      const { parameters, results } = blockTypes[type]!;
      const branch = () => randomBody(choose, parameters, results, [results, ...labels]);
      const node = {
        kind: "if",
        type,
        body: branch(),
        otherwise: choose(3) > 0 ? branch() : undefined,
      } as const;
      return step(node, [...parameters, "i32"], results);
    };
    const localType = localTypes[local];
    const top = stack.length > 0 || !reachable ? stack.slice(-1) : (["i32"] as const);
    const leaving = [
      step({ kind: "unreachable" }, [], []),
      step({ kind: "return" }, [], []),
      step({ kind: "br", depth }, label, []),
      step(
        { kind: "brTable", depths: [choose(9) > 0 ? depth : other], otherwise: depth },
        [...label, "i32"],
        [],
      ),
    ];
    const candidates = [
      () => {
        const node = plainNodes[choose(plainNodes.length)]!;
        const { operands, results } = instructions[(node as { name: FixedInstructionName }).name];
        return step(node, operands as Types, results as Types);
      },
      () => step({ kind: "drop" }, top, []),
      () => step({ kind: "select" }, [localType, localType, "i32"], [localType]),
      () => step({ kind: "get", local }, [], [localType]),
      () => step({ kind: "set", local }, [localType], []),
      () => step({ kind: "tee", local }, [localType], [localType]),
      () => step({ kind: "brIf", depth }, [...label, "i32"], label),
      () => leaving[choose(labels.length > 0 ? leaving.length : 2)]!,
      () => construct("block"),
      () => construct("loop"),
      conditional,
    ];
    const { node, pops, pushes } = candidates[choose(labels.length < 4 ? candidates.length : 7)]!();
    if (!fits(pops) && choose(200) > 0) continue;
    body.push(node);
    stack = [...stack.slice(0, Math.max(0, stack.length - pops.length)), ...pushes];
    if (leaving.some(({ node: left }) => left === node)) {
      stack = [];
      reachable = false;
    }
  }
  if (choose(reachable ? 100 : 2) > 0) {
    body.push(...stack.map((): Node => ({ kind: "drop" })));
    body.push(...results.map((type) => plainNodes[localTypes.indexOf(type)]!));
  }
  return body;
}

const programs = fc.array(fc.nat(2 ** 20), { minLength: 1, maxLength: 60 }).map((tape) => {
  let at = 0;
  return randomBody((below) => (tape[at++ % tape.length]! + at) % below, [], [], []);
});

/** Branches outside every construct have no label to name: depths are taken modulo what is open. */
const opens = (depth: number, open: number) => (open === 0 ? undefined : depth % open);

function encode(program: readonly Node[], open: number): number[] {
  return program.flatMap((node) => encodeNode(node, open));
}

function encodeNode(node: Node, open: number): number[] {
  switch (node.kind) {
    case "plain":
      return [...node.bytes];
    case "drop":
      return [0x1a];
    case "select":
      return [0x1b];
    case "return":
      return [0x0f];
    case "unreachable":
      return [0x00];
    case "get":
      return [0x20, node.local];
    case "set":
      return [0x21, node.local];
    case "tee":
      return [0x22, node.local];
    case "br":
    case "brIf": {
      const depth = opens(node.depth, open);
      return depth === undefined ? [] : [node.kind === "br" ? 0x0c : 0x0d, depth];
    }
    case "brTable": {
      if (open === 0) return [];
      return [0x0e, node.depths.length, ...node.depths.map((depth) => depth % open), node.otherwise % open];
    }
    case "block":
    case "loop":
      return [
        node.kind === "block" ? 0x02 : 0x03,
        ...blockTypes[node.type]!.bytes,
        ...encode(node.body, open + 1),
        0x0b,
      ];
    case "if":
      return [
        0x04,
        ...blockTypes[node.type]!.bytes,
        ...encode(node.body, open + 1),
        ...(node.otherwise === undefined ? [] : [0x05, ...encode(node.otherwise, open + 1)]),
        0x0b,
      ];
  }
}

function engineAccepts(program: readonly Node[]): boolean {
  const code = [2, 1, 0x7f, 1, 0x7d, ...encode(program, 0), 0x0b];
  const sized = (content: readonly number[]) => [
    (content.length & 0x7f) | 0x80,
    content.length >> 7,
    ...content,
  ];
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  const body = [1, ...sized(code)];
  return WebAssembly.validate(
    Uint8Array.of(
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      ...section(1, typeSection),
      ...section(3, [1, 3]),
      ...section(10, body),
    ),
  );
}

/** An operand that lies on the stack already, whatever its type. */
class OnStack extends Expression<never> {
  readonly type = undefined as never;
  override emit(): void {}
}
const onStack = new OnStack();

function emit(
  f: FunctionBuilder,
  program: readonly Node[],
  locals: readonly Local[],
  labels: readonly Label[],
): void {
  const label = (depth: number) => labels[labels.length - 1 - (depth % labels.length)]!;
  for (const node of program) {
    switch (node.kind) {
      case "plain":
        f.op(node.name, ...((plainArguments[node.name] ?? []) as []));
        break;
      case "drop":
        f.drop();
        break;
      case "select":
        f.select();
        break;
      case "return":
        f.return();
        break;
      case "unreachable":
        f.unreachable();
        break;
      case "get":
        f.push(locals[node.local]!);
        break;
      case "set":
        locals[node.local]!.set();
        break;
      case "tee":
        f.push(locals[node.local]!.tee(onStack));
        break;
      case "br":
        if (labels.length > 0) f.br(label(node.depth));
        break;
      case "brIf":
        if (labels.length > 0) f.brIf(label(node.depth), onStack);
        break;
      case "brTable":
        if (labels.length > 0) f.brTable(node.depths.map(label), label(node.otherwise), onStack);
        break;
      case "block":
      case "loop":
        f[node.kind]((own) => emit(f, node.body, locals, [...labels, own]), blockTypes[node.type]);
        break;
      case "if": {
        const { otherwise } = node;
        f.if(
          onStack,
          (own) => emit(f, node.body, locals, [...labels, own]),
          otherwise && ((own) => emit(f, otherwise, locals, [...labels, own])),
          blockTypes[node.type],
        );
      }
    }
  }
}

/** The module, or undefined where the builder refuses the program. */
function built(program: readonly Node[]): Uint8Array<ArrayBuffer> | undefined {
  const module = new ModuleBuilder("verdict");
  try {
    module.function("f", { parameters: {}, results: [] }, (f) => {
      const locals = localTypes.map((type) => f.local(type, type));
      emit(f, program, locals, []);
    });
  } catch (error) {
    assert.ok(error instanceof AssemblyError, String(error));
    return undefined;
  }
  return module.build().bytes;
}

test("the corners of validation are decided as the engine decides them", () => {
  const [i32, f32] = plainNodes as [Node, Node];
  const [none, toI32, toF32, fromI32] = [0, 1, 2, 4] as const; // places in blockTypes
  const drop: Node = { kind: "drop" };
  const dead: Node = { kind: "unreachable" };
  const setF32: Node = { kind: "set", local: 1 };
  const block = (type: number, ...body: Node[]): Node => ({ kind: "block", type, body });
  const brTable: Node = { kind: "brTable", depths: [1], otherwise: 0 };
  const corners: readonly [title: string, valid: boolean, program: readonly Node[]][] = [
    ["br_if needs its label's values", false, [block(toI32, i32, { kind: "brIf", depth: 0 }, i32), drop]],
    ["br_if leaves its label's values", true, [block(toI32, i32, i32, { kind: "brIf", depth: 0 }), drop]],
    [
      "br_if types what it leaves in dead code",
      false,
      [block(toI32, dead, { kind: "brIf", depth: 0 }, setF32), drop],
    ],
    ["else is reachable again", false, [i32, { kind: "if", type: toI32, body: [dead], otherwise: [] }, drop]],
    [
      "br_table asks for the types of all labels",
      false,
      [block(toI32, block(toF32, f32, i32, brTable), drop, i32), drop],
    ],
    [
      "br_table has them all in dead code",
      true,
      [block(toI32, block(toF32, dead, brTable), drop, i32), drop],
    ],
    ["br_table needs one number of values", false, [block(toI32, block(none, dead, brTable), i32), drop]],
    ["select is typed by either operand in dead code", false, [dead, i32, i32, { kind: "select" }, setF32]],
    ["select of unknown operands has any type", true, [dead, { kind: "select" }, setF32]],
    [
      "a loop's label takes its parameters",
      true,
      [i32, { kind: "loop", type: fromI32, body: [{ kind: "br", depth: 0 }] }],
    ],
    ["a value below the block is out of reach", false, [i32, block(none, drop)]],
    ["dead code must still end with the results alone", false, [block(toI32, dead, i32, i32), drop]],
  ];
  for (const [title, valid, program] of corners) {
    assert.equal(engineAccepts(program), valid, `the engine: ${title}`);
    assert.equal(built(program) !== undefined, valid, `the builder: ${title}`);
  }
});

test("the builder accepts a program exactly when the engine does", (t) => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(programs, (program) => {
      const bytes = built(program);
      assert.equal(bytes !== undefined, engineAccepts(program), bytes && hex(bytes));
      assert.ok(bytes === undefined || WebAssembly.validate(bytes));
      if (bytes === undefined) refused++;
      else accepted++;
    }),
    { numRuns: 1000 },
  );
  t.diagnostic(`${accepted} programs accepted, ${refused} refused`);
  assert.ok(
    accepted > 50 && refused > 50,
    `the premise is a mixture: ${accepted} accepted, ${refused} refused`,
  );
});
