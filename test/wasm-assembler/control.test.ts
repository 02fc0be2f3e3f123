import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FunctionBuilder,
  f32,
  i32,
  ModuleBuilder,
  type ParameterLocals,
  type Parameters,
  select,
  type ValueType,
} from "../../src/wasm-assembler/index.ts";
import { annotated, bodyOf, hex, instantiate, moduleWith, section } from "./support.ts";

/** Builds `run`, compares its body with the bytes, and returns it compiled. */
function compiled<P extends Parameters, const R extends readonly ValueType[]>(
  parameters: P,
  results: R,
  body: (f: FunctionBuilder, parameters: ParameterLocals<P>) => void,
  expected: string,
): (...args: readonly number[]) => unknown {
  const bytes = moduleWith(parameters, results, body);
  assert.equal(bodyOf(bytes), annotated(expected));
  assert.ok(WebAssembly.validate(bytes));
  return instantiate<(...args: readonly number[]) => unknown>(bytes).run;
}

test("locals are declared in groups of one type, and set, teed and read by number", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      const a = f.local("i32", "a");
      const b = f.local("i32", "b");
      f.local("v128", "vector");
      const c = f.local("i32", "c");
      a.set(b.tee(i32.add(n, 1)));
      c.set(i32.mul(a, b));
      f.push(c);
    },
    `
    03 02 7f 01 7b 01 7f    ;; locals: 2 × i32, 1 × v128, 1 × i32
    20 00                   ;; local.get n
    41 01                   ;; i32.const 1
    6a                      ;; i32.add
    22 02                   ;; local.tee b
    21 01                   ;; local.set a
    20 01 20 02 6c 21 04    ;; c = a · b
    20 04                   ;; local.get c
    0b`,
  );
  assert.equal(run(4), 25);
});

test("a block without a type is left by br_if", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      f.block((exit) => {
        f.brIf(exit, n);
        n.set(7);
      });
      f.push(n);
    },
    `
    00             ;; no locals
    02 40          ;; block, no type
    20 00 0d 00    ;; br_if 0 n
    41 07 21 00    ;; n = 7
    0b
    20 00 0b`,
  );
  assert.deepEqual([run(0), run(3)], [7, 3]);
});

test("branches count the constructs between themselves and their label", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      f.block((outer) => {
        f.loop((again) => {
          f.block((inner) => {
            f.brIf(inner, i32.lt_s(n, 10));
            f.br(outer);
          });
          f.increment(n, 3);
          f.br(again);
        });
      });
      f.push(n);
    },
    `
    00
    02 40 03 40 02 40             ;; block, loop, block
    20 00 41 0a 48 0d 00          ;; br_if 0 (n < 10)
    0c 02                         ;; br 2: the outer block
    0b
    20 00 41 03 6a 21 00          ;; n += 3
    0c 00                         ;; br 0: the loop
    0b 0b
    20 00 0b`,
  );
  assert.deepEqual([run(0), run(10), run(8)], [12, 10, 11]);
});

test("if and else leave one result of an inline type", () => {
  const run = compiled(
    { n: "i32" },
    ["f32"],
    (f, { n }) => {
      f.if(
        i32.eqz(n),
        () => f.push(f32.const(0.5)),
        () => f.push(f32.convert_i32_s(n)),
        { results: ["f32"] },
      );
    },
    `
    00
    20 00 45 04 7d       ;; if (eqz n), result f32
    43 00 00 00 3f       ;; f32.const 0.5
    05                   ;; else
    20 00 b2             ;; f32.convert_i32_s n
    0b 0b`,
  );
  assert.deepEqual([run(0), run(-2)], [0.5, -2]);
});

test("a block with parameters or several results has a type of the type section", () => {
  const bytes = moduleWith({ n: "i32" }, ["i32"], (f, { n }) => {
    f.push(n);
    f.block(
      () => {
        f.push(i32.const(100));
      },
      { parameters: ["i32"], results: ["i32", "i32"] },
    );
    f.op("i32.sub");
  });
  assert.equal(
    hex(section(bytes, 1)),
    annotated(`
      02
      60 01 7f 01 7f       ;; type 0: (i32) -> i32, the function
      60 01 7f 02 7f 7f    ;; type 1: (i32) -> (i32, i32), the block`),
  );
  assert.equal(bodyOf(bytes), annotated("00 20 00 02 01 41 e4 00 0b 6b 0b"));
  assert.ok(WebAssembly.validate(bytes));
  assert.equal(instantiate<(n: number) => number>(bytes).run(7), -93);
});

test("the 65th type of a block takes two bytes, as a signed number", () => {
  const bytes = moduleWith({}, [], (f) => {
    for (let count = 2; count <= 70; count++) {
      f.block(() => f.unreachable(), { results: Array<ValueType>(count).fill("i32") });
      f.drop();
      for (let i = 1; i < count; i++) f.drop();
    }
  });
  assert.match(bodyOf(bytes), /023f000b(1a)+02c000000b/, "type 63 in one byte, then type 64 in two");
  assert.ok(WebAssembly.validate(bytes));
});

test("a loop's label takes the loop's parameters, a block's label its results", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      f.push(i32.const(0));
      f.loop(
        (again) => {
          f.push(n);
          f.op("i32.add");
          f.increment(n, -1);
          f.brIf(again, n);
        },
        { parameters: ["i32"], results: ["i32"] },
      );
    },
    `
    00
    41 00
    03 00                     ;; loop of type 0, which is also the function's: (i32) -> i32
    20 00 6a
    20 00 41 7f 6a 21 00      ;; n += -1
    20 00 0d 00
    0b 0b`,
  );
  assert.equal(run(4), 10);
});

test("br_table chooses among labels and has one for all else", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      f.block((c) => {
        f.block((b) => {
          f.block((a) => f.brTable([a, b, a], c, n));
          f.return(10);
        });
        f.return(20);
      });
      f.push(i32.const(30));
    },
    `
    00
    02 40 02 40 02 40
    20 00 0e 03 00 01 00 02    ;; br_table of 3: a b a, else c
    0b
    41 0a 0f                   ;; return 10
    0b
    41 14 0f
    0b
    41 1e 0b`,
  );
  assert.deepEqual(
    [0, 1, 2, 3, -1].map((n) => run(n)),
    [10, 20, 10, 30, 30],
  );
});

test("select, drop, unreachable and return", () => {
  const run = compiled(
    { n: "i32" },
    ["i32", "i32"],
    (f, { n }) => {
      f.drop(i32.popcnt(n));
      f.if(i32.eq(n, 99), () => f.unreachable());
      f.return(select(i32.const(1), -1, n), n);
    },
    `
    00
    20 00 69 1a                 ;; drop (popcnt n)
    20 00 41 e3 00 46 04 40     ;; if (n == 99)
    00                          ;; unreachable
    0b
    41 01 41 7f 20 00 1b        ;; select 1 -1 n
    20 00 0f                    ;; return both
    0b`,
  );
  assert.deepEqual(
    [run(5), run(0)],
    [
      [1, 5],
      [-1, 0],
    ],
  );
  assert.throws(() => run(99), WebAssembly.RuntimeError);
});

test("a counted loop tests once a round, at the end", () => {
  const run = compiled(
    { n: "i32" },
    ["i32"],
    (f, { n }) => {
      const sum = f.local("i32", "sum");
      const i = f.local("i32", "i");
      f.for(i, { from: 1, below: i32.add(n, 1), step: 2 }, () => sum.set(i32.add(sum, i)));
      f.push(sum);
    },
    `
    01 03 7f                               ;; sum, i, i_end
    20 00 41 01 6a 21 03                   ;; i_end = n + 1
    41 01 21 02                            ;; i = 1
    20 02 20 03 49 04 40                   ;; if (i < i_end, unsigned)
    03 40                                  ;; loop
    20 01 20 02 6a 21 01                   ;; sum += i
    20 02 41 02 6a 21 02                   ;; i += 2
    20 02 20 03 49 0d 00                   ;; br_if loop (i < i_end)
    0b 0b
    20 01 0b`,
  );
  assert.deepEqual(
    [0, 1, 2, 5, 6].map((n) => run(n)),
    [0, 1, 1, 9, 9],
  );
});

test("a loop without `from` goes on from where the counter stands, and its label leaves it", () => {
  const { run } = instantiate<(n: number) => number>(
    moduleWith({ n: "i32" }, ["i32"], (f, { n }) => {
      const i = f.local("i32", "i");
      const rounds = f.local("i32", "rounds");
      f.for(i, { from: 0, below: i32.and(n, -4), step: 4 }, () => f.increment(rounds, 100));
      f.for(i, { below: n }, (exit) => {
        f.brIf(exit, i32.eq(i, 6));
        f.increment(rounds, 1);
      });
      f.push(rounds);
    }),
  );
  assert.deepEqual(
    [3, 4, 5, 6, 7, 11].map((n) => run(n)),
    [3, 100, 101, 102, 102, 203],
  );
});

test("while tests before the first round, doWhile after it", () => {
  const { run } = instantiate<(n: number) => number>(
    moduleWith({ n: "i32" }, ["i32"], (f, { n }) => {
      const rounds = f.local("i32", "rounds");
      f.while(i32.gt_s(n, 0), () => {
        f.increment(n, -1);
        f.increment(rounds, 1);
      });
      f.doWhile(() => f.increment(rounds, 10), i32.lt_s(rounds, 30));
      f.push(rounds);
    }),
  );
  assert.deepEqual([run(-5), run(0), run(3), run(40)], [30, 30, 33, 50]);
});

test("a function calls another, itself, an import, and one out of a table", () => {
  const module = new ModuleBuilder("calls");
  const unary = { parameters: { x: "i32" }, results: ["i32"] } as const;
  const twice = module.importFunction("host", "twice", unary);
  const factorial = module.declare("factorial", unary);
  module.define(factorial, (f, { x }) => {
    f.if(
      x,
      () => {
        f.push(x);
        f.call(factorial, { x: i32.sub(x, 1) });
        f.op("i32.mul");
      },
      () => f.push(i32.const(1)),
      { results: ["i32"] },
    );
  });
  const table = module.table({ initial: 3, maximum: 3 });
  module.elements(table, 1, [twice, factorial]);
  const run = module.function("run", { parameters: { index: "i32", x: "i32" }, results: ["i32"] }, (f, p) => {
    f.callIndirect(table, unary, p.index, { x: p.x });
  });
  module.export("run", run);
  const { bytes } = module.build();
  assert.equal(hex(section(bytes, 4)), annotated("01 70 01 03 03 ;; one table of funcref, 3 to 3"));
  assert.equal(
    hex(section(bytes, 9)),
    annotated("01 00 41 01 0b 02 00 01 ;; active, at 1: functions 0 and 1"),
  );
  assert.ok(WebAssembly.validate(bytes));
  const { run: call } = instantiate<(index: number, x: number) => number>(bytes, {
    host: { twice: (x: number) => 2 * x },
  });
  assert.deepEqual([call(1, 21), call(2, 5)], [42, 120]);
  assert.throws(() => call(0, 1), WebAssembly.RuntimeError);
});

test("an expression is emitted each time it is consumed, a `let` once", () => {
  const bytes = moduleWith({ n: "i32" }, ["i32"], (f, { n }) => {
    const square = i32.mul(n, n);
    const held = f.let("held", square);
    n.set(3);
    f.push(i32.sub(square, held));
  });
  assert.equal(
    bodyOf(bytes),
    annotated("01 01 7f 20 00 20 00 6c 21 01 41 03 21 00 20 00 20 00 6c 20 01 6b 0b"),
  );
  assert.equal(instantiate<(n: number) => number>(bytes).run(5), 9 - 25);
});
