import type { FunctionBuilder, Label, Operand } from "../../../../wasm-assembler/index.ts";

/** Runs the case of that number: 0 for the first. The last one serves every greater number too. */
export function switchOn(f: FunctionBuilder, index: Operand<"i32">, cases: readonly (() => void)[]): void {
  f.block((done) => {
    // Each case follows a block of its own; to branch out of that block is to enter the case.
    const open = (last: number, labels: readonly Label[]): void => {
      if (last < 0) {
        f.brTable(labels.slice(0, -1), labels.at(-1)!, index);
        return;
      }
      f.block((label) => open(last - 1, [label, ...labels]));
      cases[last]!();
      f.br(done);
    };
    open(cases.length - 1, []);
  });
}
