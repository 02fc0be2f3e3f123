import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AssemblyError,
  f32,
  f32x4,
  f64,
  formatModule,
  i8x16,
  i32,
  i64,
  ModuleBuilder,
  memory,
  v128,
} from "../../src/wasm-assembler/index.ts";
import { formatF32, formatF64 } from "../../src/wasm-assembler/text-numbers.ts";
import { annotated, moduleWith } from "./support.ts";

function everyConstruct(): ModuleBuilder {
  const module = new ModuleBuilder("kernels");
  const log = module.importFunction("host", "log", { parameters: { value: "f32" }, results: [] });
  module.importMemory("env", "memory", { initial: 1, maximum: 16, shared: true });
  const scale = module.global("f32", 0.1, { mutable: true });
  const table = module.table({ initial: 2 });
  module.data(16, Uint8Array.of(0, 65, 34, 92, 255));
  const segment = module.passiveData(Uint8Array.of(66));
  const sum = module.function(
    "sum-f32",
    { parameters: { from: "i32", to: "i32" }, results: ["f32"] },
    (f, p) => {
      const acc = f.local("v128", "acc");
      f.while(i32.lt_u(p.from, p.to), () => {
        acc.set(f32x4.add(acc, v128.load(p.from, { offset: 32, align: 4 })));
        f.increment(p.from, 16);
      });
      f.call(log, { value: f32x4.extract_lane(acc, 3) });
      f.push(f32.mul(f32x4.extract_lane(acc, 0), scale));
    },
  );
  module.elements(table, 0, [log, sum]);
  module.function("others", { parameters: {}, results: [] }, (f) => {
    const vector = f.local("v128", "vector");
    f.block((exit) => {
      f.loop((again) => f.brTable([exit, again], again, 1));
    });
    f.if(
      i64.eqz(-5n),
      () => vector.set(v128.load16_lane(0, vector, 7, 6)),
      () =>
        f.v128.store8_lane(
          8,
          i8x16.shuffle(
            vector,
            v128.const("i32x4", 1, 2, 3, -1),
            [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 31],
          ),
          15,
        ),
    );
    f.push(i32.const(1));
    f.block(() => f.push(f64.const(1e21)), { parameters: ["i32"], results: ["i32", "f64"] });
    f.drop();
    f.drop();
    f.callIndirect(table, { parameters: {}, results: ["f32"] }, 0, {});
    f.drop();
    f.memory.init(0, 0, 1, segment);
    f.data.drop(segment);
    f.drop(memory.atomic.wait32(0, 0, -1n));
    f.atomic.fence();
    f.return();
  });
  module.export("sum", sum);
  module.export("scale", scale);
  module.export("table", table);
  return module;
}

// wat2wasm (wabt 1.0.39) makes the same bytes of this text as the module has without names.
const text = `\
(module $kernels
  (type $0 (func (param f32)))
  (type $1 (func (param i32 i32) (result f32)))
  (type $2 (func))
  (type $3 (func (param i32) (result i32 f64)))
  (type $4 (func (result f32)))
  (import "host" "log" (func $log (type $0)))
  (import "env" "memory" (memory 1 16 shared))
  (table 2 funcref)
  (global $0 (mut f32) (f32.const 0.1))
  (export "sum" (func $sum-f32))
  (export "scale" (global $0))
  (export "table" (table 0))
  (elem (i32.const 0) func $log $sum-f32)
  (data (i32.const 16) "\\00A\\22\\5c\\ff")
  (data "B")
  (func $sum-f32 (type $1) (param $from i32) (param $to i32) (result f32)
    (local $acc v128)
    local.get $from
    local.get $to
    i32.lt_u
    if $if1
      loop $loop2
        local.get $acc
        local.get $from
        v128.load offset=32 align=4
        f32x4.add
        local.set $acc
        local.get $from
        i32.const 16
        i32.add
        local.set $from
        local.get $from
        local.get $to
        i32.lt_u
        br_if $loop2
      end
    end
    local.get $acc
    f32x4.extract_lane 3
    call $log
    local.get $acc
    f32x4.extract_lane 0
    global.get $0
    f32.mul
  )
  (func $others (type $2)
    (local $vector v128)
    block $block1
      loop $loop2
        i32.const 1
        br_table $block1 $loop2 $loop2
      end
    end
    i64.const -5
    i64.eqz
    if $if3
      i32.const 0
      local.get $vector
      v128.load16_lane offset=6 7
      local.set $vector
    else
      i32.const 8
      local.get $vector
      v128.const i32x4 0x00000001 0x00000002 0x00000003 0xffffffff
      i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 31
      v128.store8_lane 15
    end
    i32.const 1
    block $block4 (param i32) (result i32 f64)
      f64.const 1e+21
    end
    drop
    drop
    i32.const 0
    call_indirect 0 (type $4)
    drop
    i32.const 0
    i32.const 0
    i32.const 1
    memory.init 1
    data.drop 1
    i32.const 0
    i32.const 0
    i64.const -1
    memory.atomic.wait32
    drop
    atomic.fence
    return
  )
)
`;

test("a module as text: names, indentation, every construct", () => {
  const { bytes } = everyConstruct().build();
  assert.ok(WebAssembly.validate(bytes));
  assert.equal(formatModule(bytes), text);
});

test("without a name section, definitions and locals are numbered", () => {
  const bytes = moduleWith({ n: "i32" }, ["i32"], (f, { n }) => f.push(i32.add(n, f.let("m", i32.clz(n)))));
  assert.equal(
    formatModule(bytes),
    `\
(module
  (type $0 (func (param i32) (result i32)))
  (memory 1)
  (export "memory" (memory 0))
  (export "run" (func $0))
  (func $0 (type $0) (param $0 i32) (result i32)
    (local $1 i32)
    local.get $0
    i32.clz
    local.set $1
    local.get $0
    local.get $1
    i32.add
  )
)
`,
  );
});

test("floats are the shortest decimals that read back, in the text format's spelling", () => {
  const f32Cases: readonly [number, string][] = [
    [0x00000000, "0"],
    [0x80000000, "-0"],
    [0x3dcccccd, "0.1"],
    [0x3f800001, "1.0000001"],
    [0x00000001, "1e-45"],
    [0x7f7fffff, "3.4028235e+38"],
    [0x7f800000, "inf"],
    [0xff800000, "-inf"],
    [0x7fc00000, "nan"],
    [0xffc00000, "-nan"],
    [0x7f800001, "nan:0x1"],
    [0xffc12345, "-nan:0x412345"],
  ];
  for (const [bits, expected] of f32Cases) assert.equal(formatF32(bits), expected);
  assert.equal(formatF64(0x3fb999999999999an), "0.1");
  assert.equal(formatF64(0x444b1ae4d6e2ef50n), "1e+21");
  assert.equal(formatF64(0x7fefffffffffffffn), "1.7976931348623157e+308");
  assert.equal(formatF64(0x8000000000000000n), "-0");
  assert.equal(formatF64(0xfff0000000000000n), "-inf");
  assert.equal(formatF64(0x7ff8000000000000n), "nan");
  assert.equal(formatF64(0xfff0000000000010n), "-nan:0x10");
});

test("bytes that are no module of ours are refused", () => {
  const refused = (hexadecimal: string, message: RegExp) => {
    const bytes = Buffer.from(annotated(hexadecimal), "hex");
    assert.throws(
      () => formatModule(bytes),
      (error) => error instanceof AssemblyError && message.test(error.message),
      hexadecimal,
    );
  };
  const header = "00 61 73 6d 01 00 00 00";
  const function0 = `${header} 01 04 01 60 00 00 03 02 01 00`;
  refused("", /expected 4 more bytes/);
  refused("00 61 73 6d 02 00 00 00", /expected a WebAssembly module of version 1/);
  refused(`${header} 01 05 01`, /expected 5 more bytes/);
  refused(`${header} 01 01 00 01 01 00`, /expected section 1 once, found it twice/);
  refused(`${header} 01 02 01 5f`, /expected a function type \(96\), found 95/);
  refused(`${header} 01 05 01 60 01 70 00`, /expected a value type, found 0x70/);
  refused(`${header} 02 06 01 00 00 01 70 00`, /expected the import of a function, a memory or a global/);
  refused(`${header} 04 04 01 6f 00 00`, /expected funcref/);
  refused(`${header} 06 06 01 7f 00 41 00 01`, /expected the end of a constant expression/);
  refused(`${header} 0a 04 01 02 00 0b`, /expected a type for function 0, found none/);
  refused(`${function0} 0a 05 01 03 00 06 0b`, /expected an opcode of the tables, found 0x06/);
  refused(`${function0} 0a 06 01 04 00 fd 9a 01`, /expected an opcode of the tables, found 0xfd 0x9a/);
  refused(`${function0} 0a 06 01 04 00 02 05 0b`, /expected one of 1 types, found type 5/);
  refused(
    `${function0} 0a 0a 01 08 01 ff ff ff ff 0f 7f 0b`,
    /expected at most 50000 locals, found 4294967295/,
  );
  refused(`${function0} 0a 03 01 01 00`, /expected 1 more bytes/);
});
