import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AssemblyError,
  call,
  type Feature,
  f32,
  f32x4,
  formatModule,
  i32,
  i64,
  ModuleBuilder,
  memory as memoryInstructions,
  v128,
  vectorBytes,
} from "../../src/wasm-assembler/index.ts";
import { annotated, hex, instantiate, section } from "./support.ts";

test("an empty module is the magic number and the version", () => {
  const { bytes, requiredFeatures } = new ModuleBuilder("empty").build({ names: false });
  assert.equal(hex(bytes), annotated("00 61 73 6d 01 00 00 00"));
  assert.ok(WebAssembly.validate(bytes));
  assert.deepEqual(requiredFeatures, []);
});

test("a module with one exported function, byte for byte", () => {
  const module = new ModuleBuilder("adder");
  const add = module.function(
    "add",
    { parameters: { left: "i32", right: "i32" }, results: ["i32"] },
    (f, p) => f.push(i32.add(p.left, p.right)),
  );
  module.export("plus", add);
  const { bytes } = module.build();
  assert.equal(
    hex(bytes),
    annotated(`
      00 61 73 6d 01 00 00 00          ;; magic, version
      01 07 01 60 02 7f 7f 01 7f       ;; types: (i32, i32) -> i32
      03 02 01 00                      ;; functions: one of type 0
      07 08 01                         ;; exports: one
        04 70 6c 75 73 00 00           ;;   "plus", function 0
      0a 09 01                         ;; code: one
        07 00                          ;;   7 bytes, no locals
        20 00 20 01 6a 0b              ;;   local.get 0, local.get 1, i32.add, end
      00 27 04 6e 61 6d 65             ;; custom section "name"
        00 06 05 61 64 64 65 72        ;;   module "adder"
        01 06 01 00 03 61 64 64        ;;   functions: 0 "add"
        02 10 01 00 02                 ;;   locals: of function 0, two
          00 04 6c 65 66 74            ;;     0 "left"
          01 05 72 69 67 68 74         ;;     1 "right"
    `),
  );
  assert.ok(WebAssembly.validate(bytes));
  const { plus } = instantiate(bytes).exports as { plus: (left: number, right: number) => number };
  assert.equal(plus(2, 3), 5);
});

test("equal function types are one type", () => {
  const module = new ModuleBuilder("types");
  for (const name of ["a", "b"]) module.function(name, { parameters: { x: "f64" }, results: [] }, () => {});
  module.function("c", { parameters: {}, results: ["f64", "i64"] }, (f) => f.unreachable());
  const { bytes } = module.build();
  assert.equal(hex(section(bytes, 1)), annotated("02 60 01 7c 00 60 00 02 7c 7e"));
  assert.equal(hex(section(bytes, 3)), annotated("03 00 00 01"));
  assert.ok(WebAssembly.validate(bytes));
});

test("memory is imported or defined, shared or not", () => {
  const imported = (type: { initial: number; maximum?: number; shared?: boolean }) => {
    const module = new ModuleBuilder("memory");
    module.importMemory("env", "mem", type);
    const { bytes } = module.build();
    assert.ok(WebAssembly.validate(bytes));
    return hex(section(bytes, 2));
  };
  const place = "01 03 65 6e 76 03 6d 65 6d 02"; // one import: "env" "mem", a memory
  assert.equal(imported({ initial: 1 }), annotated(`${place} 00 01`));
  assert.equal(imported({ initial: 1, maximum: 65536 }), annotated(`${place} 01 01 80 80 04`));
  assert.equal(imported({ initial: 1, maximum: 300, shared: true }), annotated(`${place} 03 01 ac 02`));

  const module = new ModuleBuilder("memory");
  module.export("memory", module.memory({ initial: 2, maximum: 3 }));
  const { bytes } = module.build();
  assert.equal(hex(section(bytes, 5)), annotated("01 01 02 03"));
  assert.equal(instantiate(bytes).memory.buffer.byteLength, 2 * 65536);
});

test("a shared memory is seen by the module and by JavaScript", () => {
  const module = new ModuleBuilder("shared");
  module.importMemory("env", "memory", { initial: 1, maximum: 1, shared: true });
  const next = module.function("next", { parameters: {}, results: ["i32"] }, (f) =>
    f.push(i32.atomic.rmw.add(16, 1)),
  );
  module.export("run", next);
  const { bytes, requiredFeatures } = module.build();
  assert.deepEqual(requiredFeatures, ["threads"]);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { run } = instantiate<() => number>(bytes, { env: { memory } });
  assert.deepEqual([run(), run(), new Int32Array(memory.buffer)[4]], [0, 1, 2]);
});

test("globals are imported and defined, of every type", () => {
  const module = new ModuleBuilder("globals");
  const scale = module.importGlobal("env", "scale", "f32");
  const counter = module.global("i32", -1, { mutable: true });
  const long = module.global("i64", 2n ** 63n);
  const double = module.global("f64", 0.5);
  const vector = module.global("v128", vectorBytes("i8x16", 1));
  const run = module.function("run", { parameters: {}, results: ["f32", "i64", "f64", "i32"] }, (f) => {
    f.setGlobal(counter, i32.add(counter, i32.add(10, v128.any_true(vector))));
    f.return(f32.mul(scale, f32.convert_i32_s(counter)), i64.sub(long, 1n), double, counter);
  });
  module.export("run", run);
  module.export("counter", counter);
  const { bytes, requiredFeatures } = module.build();
  assert.deepEqual(requiredFeatures, ["simd"]);
  assert.equal(
    hex(section(bytes, 6)),
    annotated(`
      04
      7f 01 41 7f 0b                                     ;; mutable i32: -1
      7e 00 42 80 80 80 80 80 80 80 80 80 7f 0b          ;; i64: -2^63, given unsigned
      7c 00 44 00 00 00 00 00 00 e0 3f 0b                ;; f64: 0.5
      7b 00 fd 0c 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 0b
    `),
  );
  assert.equal(hex(section(bytes, 2)), annotated("01 03 65 6e 76 05 73 63 61 6c 65 03 7d 00"));
  const instance = instantiate<() => unknown>(bytes, { env: { scale: 0.25 } });
  assert.deepEqual(instance.run(), [2.5, 2n ** 63n - 1n, 0.5, 10]);
  assert.equal((instance.exports.counter as WebAssembly.Global).value, 10);
});

test("data lies in memory from the start, or waits for memory.init", () => {
  const module = new ModuleBuilder("data");
  module.export("memory", module.memory({ initial: 1 }));
  module.data(8, Uint8Array.of(1, 2, 3));
  const later = module.passiveData(Uint8Array.of(7, 8, 9));
  const run = module.function("run", { parameters: {}, results: ["i32"] }, (f) => {
    f.memory.init(100, 1, 2, later);
    f.data.drop(later);
    f.memory.copy(200, 8, 3);
    f.memory.fill(300, 5, 2);
    f.push(memoryInstructions.size());
  });
  module.export("run", run);
  const { bytes, requiredFeatures } = module.build();
  assert.deepEqual(requiredFeatures, ["bulk-memory"]);
  assert.equal(hex(section(bytes, 11)), annotated("02 00 41 08 0b 03 01 02 03 01 03 07 08 09"));
  assert.equal(hex(section(bytes, 12)), annotated("02 ;; two segments, said before the code"));
  assert.ok(WebAssembly.validate(bytes));
  const instance = instantiate<() => number>(bytes);
  assert.equal(instance.run(), 1);
  const seen = (at: number) => [...new Uint8Array(instance.memory.buffer, at, 3)];
  assert.deepEqual([8, 100, 200, 300].map(seen), [
    [1, 2, 3],
    [8, 9, 0],
    [1, 2, 3],
    [5, 5, 0],
  ]);
});

test("an export's name may have 200 bytes, and need not be ASCII", () => {
  for (const name of ["n".repeat(200), "é".repeat(100)]) {
    const module = new ModuleBuilder("names");
    module.export(name, module.memory({ initial: 1 }));
    const { bytes } = module.build();
    assert.match(hex(section(bytes, 7)), /^01c801/);
    assert.ok(WebAssembly.validate(bytes));
    assert.deepEqual(Object.keys(instantiate(bytes).exports), [name]);
  }
});

test("custom sections carry bytes that engines hand back", () => {
  const module = new ModuleBuilder("custom");
  module.customSection("kernels", Uint8Array.of(1, 2, 3));
  const compiled = new WebAssembly.Module(module.build().bytes);
  const [content] = WebAssembly.Module.customSections(compiled, "kernels");
  assert.deepEqual([...new Uint8Array(content!)], [1, 2, 3]);
  assert.equal(WebAssembly.Module.customSections(compiled, "name").length, 1);
});

test("the engine shows the function's name in a stack trace", () => {
  const module = new ModuleBuilder("traces");
  const trap = module.function("f32-linear-4x8", { parameters: {}, results: [] }, (f) => f.unreachable());
  module.export("run", trap);
  const stack = (names: boolean) => {
    try {
      instantiate<() => void>(module.build({ names }).bytes).run();
    } catch (error) {
      return (error as Error).stack!;
    }
    return assert.fail("the function must trap");
  };
  assert.match(stack(true), /traces\.f32-linear-4x8/);
  assert.doesNotMatch(stack(false), /f32-linear-4x8/);
});

test("a body may define the function that it calls; the order of definition does not show", () => {
  const unary = { parameters: { x: "f32" }, results: ["f32"] } as const;
  const none = { parameters: {}, results: [] };
  const nested = new ModuleBuilder("m");
  nested.function("before", none, () => {});
  nested.export(
    "run",
    nested.function("outer", unary, (f, { x }) => {
      const y = f.let("y", f32.neg(x));
      const inner = nested.function("inner", unary, (g, p) => g.push(f32.mul(p.x, p.x)));
      f.push(f32.add(call(inner, { x: y }), x));
    }),
  );
  const late = new ModuleBuilder("m");
  late.function("before", none, () => {});
  const outer = late.declare("outer", unary);
  const inner = late.declare("inner", unary);
  late.export("run", outer);
  late.define(inner, (g, p) => g.push(f32.mul(p.x, p.x)));
  late.define(outer, (f, { x }) => {
    const y = f.let("y", f32.neg(x));
    f.push(f32.add(call(inner, { x: y }), x));
  });
  const { bytes } = nested.build();
  assert.equal(hex(bytes), hex(late.build().bytes));
  assert.equal(instantiate<(x: number) => number>(bytes).run(3), 12);
});

test("building twice, or the same again, gives the same bytes", () => {
  const make = () => {
    const module = new ModuleBuilder("same");
    module.importMemory("env", "memory", { initial: 1 });
    const local = module.function("f", { parameters: { p: "i32" }, results: ["v128"] }, (f, { p }) =>
      f.push(f32x4.add(v128.load(p), v128.const("f32x4", Number.NaN))),
    );
    module.export("f", local);
    return module;
  };
  const first = make();
  assert.equal(hex(first.build().bytes), hex(first.build().bytes));
  assert.equal(hex(first.build().bytes), hex(make().build().bytes));
});

test("required features follow from what is used", () => {
  const features = (use: (module: ModuleBuilder) => void): readonly Feature[] => {
    const module = new ModuleBuilder("features");
    use(module);
    return module.build().requiredFeatures;
  };
  const none = { parameters: {}, results: [] };
  const v = { parameters: { x: "v128" }, results: [] } as const;
  assert.deepEqual(
    features((m) => m.function("f", none, (f) => f.drop(i32.extend8_s(1)))),
    [],
  );
  assert.deepEqual(
    features((m) => m.function("f", v, () => {})),
    ["simd"],
  );
  assert.deepEqual(
    features((m) => m.function("f", none, (f) => f.local("v128", "x"))),
    ["simd"],
  );
  assert.deepEqual(
    features((m) => m.importFunction("a", "b", v)),
    ["simd"],
  );
  assert.deepEqual(
    features((m) => m.memory({ initial: 1, maximum: 1, shared: true })),
    ["threads"],
  );
  assert.deepEqual(
    features((m) => m.function("f", v, (f, { x }) => f.drop(f32x4.relaxed_madd(x, x, x)))),
    ["relaxed-simd", "simd"],
  );
  assert.deepEqual(
    features((m) => m.function("f", none, (f) => f.atomic.fence())),
    ["threads"],
  );
  assert.deepEqual(
    features((m) => {
      m.memory({ initial: 1 });
      m.function("f", none, (f) => f.memory.fill(0, 0, 0));
    }),
    ["bulk-memory"],
  );
});

test("a module that would not be valid is refused where it is written", () => {
  const none = { parameters: {}, results: [] };
  const refused = (use: (module: ModuleBuilder) => void, message: string) => {
    assert.throws(
      () => use(new ModuleBuilder("m")),
      (error) => error instanceof AssemblyError && error.message === `wasm assembler: ${message}`,
      message,
    );
  };
  const declaration = (m: ModuleBuilder) => m.function("f", none, () => {});
  refused((m) => {
    declaration(m);
    m.importFunction("a", "b", none);
  }, 'import "a.b": expected before the first function of the module');
  refused((m) => {
    m.global("i32", 1);
    m.importGlobal("a", "b", "i32");
  }, 'import "a.b": expected before the first global of the module');
  refused((m) => {
    declaration(m);
    declaration(m);
  }, 'function "f": expected a name that is free, found one that is taken');
  refused(
    (m) => m.function("f g", none, () => {}),
    'function: expected letters, digits and !#$%&\'*+-./:<=>?@\\^_`|~, found "f g"',
  );
  refused(
    (m) => m.function("f", { parameters: { 0: "i32" }, results: [] }, () => {}),
    'function "f": expected names of parameters, found the number 0',
  );
  refused((m) => {
    m.declare("f", none);
    m.build();
  }, 'function "f": expected a body, found none');
  refused((m) => m.define(declaration(m), () => {}), 'function "f": expected no body yet, found one');
  refused(
    (m) => m.define(new ModuleBuilder("other").declare("f", none), () => {}),
    'function "f": expected one that this module declared',
  );
  refused(
    (m) => m.define(m.importFunction("a", "f", none), () => {}),
    'function "f": expected one that this module declared',
  );
  refused((m) => {
    m.memory({ initial: 1 });
    m.memory({ initial: 1 });
  }, "memory: expected one, found a second");
  refused(
    (m) => m.memory({ initial: 2, maximum: 1 }),
    "memory: expected integers 0 ≤ initial ≤ maximum ≤ 65536, found initial 2, maximum 1",
  );
  refused(
    (m) => m.memory({ initial: 65537 }),
    "memory: expected integers 0 ≤ initial ≤ maximum ≤ 65536, found initial 65537, maximum 65537",
  );
  refused((m) => m.memory({ initial: 1, shared: true }), "memory: expected a maximum, as it is shared");
  refused((m) => {
    m.table({ initial: 1 });
    m.table({ initial: 1 });
  }, "table: expected one, found a second");
  refused((m) => m.data(0, Uint8Array.of(1)), "data: expected a memory, found none in the module");
  refused((m) => m.global("i32", 0.5), "global: expected an integer in -2147483648 … 4294967295, found 0.5");
  refused((m) => {
    m.export("f", declaration(m));
    m.export("f", m.memory({ initial: 1 }));
  }, 'export "f": expected a name that is free, found one that is taken');
  refused(
    (m) => m.export("f", declaration(new ModuleBuilder("other"))),
    "expected a function of this module, found one of another",
  );
});

test("locals of one name get numbers, which pass over names that are taken", () => {
  const module = new ModuleBuilder("names");
  module.function("f", { parameters: { x: "i32" }, results: [] }, (f) => {
    const names = ["x", "x_3", "x", "x", "y", "x"].map((name) => f.local("i32", name).name);
    assert.deepEqual(names, ["x_2", "x_3", "x_4", "x_5", "y", "x_6"]);
  });
});

test('names: "functions" keeps the names of functions and leaves out those of locals', () => {
  const module = new ModuleBuilder("names");
  module.function("visible", { parameters: { hidden: "i32" }, results: [] }, (f) => {
    f.local("i32", "secret");
  });
  const text = formatModule(module.build({ names: "functions" }).bytes);
  assert.match(text, /func \$visible/);
  assert.doesNotMatch(text, /hidden|secret/);
  const full = formatModule(module.build().bytes);
  assert.match(full, /hidden/);
  assert.match(full, /secret/);
});
