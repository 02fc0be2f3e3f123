import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AssemblyError,
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i64,
  type Label,
  type Local,
  ModuleBuilder,
  type ParameterLocals,
  select,
  v128,
} from "../../src/wasm-assembler/index.ts";

const signature = { parameters: { n: "i32", x: "v128" }, results: ["i32"] } as const;

/** Writes `kernel` with this body and checks the error's message and place. */
function refused(
  body: (f: FunctionBuilder, parameters: ParameterLocals<(typeof signature)["parameters"]>) => void,
  place: string,
  message: string,
): void {
  const module = new ModuleBuilder("refusals");
  module.memory({ initial: 1 });
  assert.throws(
    () => module.function("kernel", signature, body),
    (error) => {
      assert.ok(error instanceof AssemblyError, String(error));
      assert.equal(error.message, `wasm assembler: function "kernel", ${place}: ${message}`);
      assert.equal(error.place?.functionName, "kernel");
      assert.equal(`instruction ${error.place?.instructionIndex} (${error.place?.instruction})`, place);
      return true;
    },
  );
}

// What the types of TypeScript refuse already is written past them here: kernels are also generated from
// names and lists, where the types do not reach.
const untyped = <T>(value: unknown): T => value as T;

test("an operand of the wrong type is refused, with its number", () => {
  refused(
    (f, { n, x }) => f.push(f32x4.mul(untyped(n), x)),
    "instruction 2 (f32x4.mul)",
    "operand 1 of 2: expected v128, found i32",
  );
  refused(
    (f, { n, x }) => f.v128.store(n, untyped(f32x4.extract_lane(x, 0))),
    "instruction 3 (v128.store)",
    "operand 2 of 2: expected v128, found f32",
  );
  refused(
    (f, { n }) => f.if(untyped(i64.extend_i32_s(n)), () => {}),
    "instruction 2 (if)",
    "operand 1 of 1: expected i32, found i64",
  );
});

test("a value that is not there is refused, even if one lies below the block", () => {
  refused(
    (f) => f.op("i32.eqz"),
    "instruction 0 (i32.eqz)",
    "operand 1 of 1: expected i32, found none on the stack",
  );
  refused((f) => f.drop(), "instruction 0 (drop)", "expected an operand, found none on the stack");
  refused(
    (f, { n }) => {
      f.push(n);
      f.block(() => f.op("i32.eqz"));
    },
    "instruction 2 (i32.eqz)",
    "operand 1 of 1: expected i32, found none on the stack",
  );
});

test("a block that ends with too much, too little or the wrong type is refused", () => {
  refused(
    (f, { n }) => f.block(() => f.push(n)),
    "instruction 2 (end)",
    "the block ends: expected [], found [i32]",
  );
  refused(
    (f) => f.loop(() => {}, { results: ["f32"] }),
    "instruction 1 (end)",
    "the loop ends: expected [f32], found []",
  );
  refused(
    (f, { n, x }) => {
      f.push(n);
      f.push(x);
    },
    "instruction 2 (end)",
    "the function ends: expected [i32], found [i32 v128]",
  );
  refused((f, { x }) => f.push(x), "instruction 1 (end)", "operand 1 of 1: expected i32, found v128");
  refused(
    (f, { n, x }) =>
      f.if(
        n,
        () => f.push(n),
        () => f.push(x),
        { results: ["i32"] },
      ),
    "instruction 5 (end)",
    "operand 1 of 1: expected i32, found v128",
  );
  refused(
    (f, { n }) =>
      f.if(
        n,
        () => f.push(n),
        () => {},
      ),
    "instruction 3 (else)",
    "the if ends: expected [], found [i32]",
  );
  refused(
    (f, { n }) => f.if(n, () => f.push(n), undefined, { results: ["i32"] }),
    "instruction 3 (end)",
    "an if without else: expected results [] as its parameters, found [i32]",
  );
  refused(
    (f) => {
      f.unreachable();
      f.push(i32.const(1));
      f.push(i32.const(2));
    },
    "instruction 3 (end)",
    "the function ends: expected [i32], found [i32 i32]",
  );
});

test("a label that is closed, or of another function, is refused", () => {
  refused(
    (f) => {
      let closed: Label | undefined;
      f.block((label) => {
        closed = label;
      });
      f.block(() => f.br(closed!));
    },
    "instruction 3 (br)",
    "expected a label that is open here, found one of a block that is closed or elsewhere",
  );
  let foreign: Label | undefined;
  new ModuleBuilder("other").function("f", { parameters: {}, results: [] }, (f) =>
    f.loop((label) => {
      foreign = label;
    }),
  );
  refused(
    (f, { n }) => f.loop(() => f.brIf(foreign!, n)),
    "instruction 2 (br_if)",
    "expected a label that is open here, found one of a loop that is closed or elsewhere",
  );
});

test("a branch must bring what its label takes", () => {
  refused(
    (f) => f.block((exit) => f.br(exit), { results: ["i32"] }),
    "instruction 1 (br)",
    "operand 1 of 1: expected i32, found none on the stack",
  );
  refused(
    (f, { n }) =>
      f.block(
        (one) => {
          f.block((none) => f.brTable([one], none, n));
          f.unreachable();
        },
        { results: ["i32"] },
      ),
    "instruction 3 (br_table)",
    "expected labels that take [], found one that takes [i32]",
  );
  refused(
    (f, { n, x }) =>
      f.block(
        (vector) =>
          f.block(
            (integer) => {
              f.push(x);
              f.brTable([vector], integer, n);
            },
            { results: ["i32"] },
          ),
        { results: ["v128"] },
      ),
    "instruction 4 (br_table)",
    "operand 1 of 1: expected i32, found v128",
  );
  refused(
    (f) => f.return(),
    "instruction 0 (return)",
    "operand 1 of 1: expected i32, found none on the stack",
  );
  refused((f, { n }) => f.return(n, n), "instruction -1 (start)", "return: expected [i32], found 2 values");
});

test("a local of another type or another function is refused", () => {
  refused(
    (_, { n, x }) => n.set(untyped(x)),
    "instruction 1 (local.set)",
    "local n: expected i32, found v128",
  );
  refused(
    (f, { n, x }) => f.push(x.tee(untyped(n))),
    "instruction 1 (local.tee)",
    "local x: expected v128, found i32",
  );
  let foreign: Local<"i32"> | undefined;
  new ModuleBuilder("other").function("f", { parameters: {}, results: [] }, (f) => {
    foreign = f.local("i32", "stray");
  });
  const message = "expected a local of this function, found stray of another";
  refused((f) => f.push(foreign!), "instruction 0 (local.get)", message);
  refused((f, { n }) => f.push(i32.add(n, foreign!.tee(1))), "instruction 2 (local.tee)", message);
  assert.throws(() => foreign!.set(1), {
    message:
      'wasm assembler: function "f", instruction 1 (i32.const): expected an open function, found one that has ended',
  });
});

test("definitions of another module are refused", () => {
  const other = new ModuleBuilder("other");
  const strange = other.function("strange", { parameters: {}, results: [] }, () => {});
  const global = other.global("i32", 1, { mutable: true });
  const table = other.table({ initial: 1 });
  const segment = other.passiveData(Uint8Array.of(1));
  refused(
    (f) => f.call(strange, {}),
    "instruction 0 (call)",
    "expected a function of this module, found one of another",
  );
  refused(
    (f) => f.callIndirect(table, { parameters: {}, results: [] }, 0, {}),
    "instruction 1 (call_indirect)",
    "expected a table of this module, found one of another",
  );
  refused(
    (f) => f.data.drop(segment),
    "instruction 0 (data.drop)",
    "expected a data segment of this module, found one of another",
  );
  refused(
    (f) => f.push(global),
    "instruction 0 (global.get)",
    "expected a global of this module, found one of another",
  );
  refused(
    (f) => f.setGlobal(global, 1),
    "instruction 1 (global.set)",
    "expected a global of this module, found one of another",
  );
});

test("an immutable global, a missing memory and a constant out of range are refused", () => {
  const module = new ModuleBuilder("m");
  const constant = module.global("i32", 1);
  const none = { parameters: {}, results: [] } as const;
  assert.throws(() => module.function("f", none, (f) => f.setGlobal(constant, 1)), {
    message:
      'wasm assembler: function "f", instruction 1 (global.set): expected a mutable global, found global 0, which is not',
  });
  assert.throws(() => module.function("g", none, (f) => f.drop(v128.load(0))), {
    message:
      'wasm assembler: function "g", instruction 1 (v128.load): expected a memory, found none in the module',
  });
  const range = "expected an integer in -2147483648 … 4294967295, found ";
  refused((f) => f.push(i32.const(2 ** 32)), "instruction 0 (i32.const)", `${range}4294967296`);
  refused((f, { n }) => f.push(i32.add(n, 0.5)), "instruction 1 (i32.const)", `${range}0.5`);
  refused((f) => f.push(i32.const(untyped(3n))), "instruction 0 (i32.const)", `${range}3n`);
  refused(
    (f) => f.push(i64.const(2n ** 64n)),
    "instruction 0 (i64.const)",
    "expected a bigint in −2⁶³ … 2⁶⁴ − 1, found 18446744073709551616n",
  );
  refused((f) => f.push(f32.const(untyped(3n))), "instruction 0 (f32.const)", "expected a number, found 3n");
  refused(
    (f, { x }) => f.push(f32x4.add(x, untyped(1))),
    "instruction 1 (v128.const)",
    "expected the 16 bytes of a vector, found 1",
  );
});

test("select refuses two types", () => {
  refused(
    (f, { n, x }) => f.push(select(n, untyped(x), n)),
    "instruction 3 (select)",
    "expected two operands of one type, found [i32 v128]",
  );
});

test("instructions that depend on their context are not for `op`", () => {
  refused(
    (f) => f.op(untyped<"nop">("br_if")),
    "instruction 0 (br_if)",
    "this instruction has a method of its own",
  );
});
