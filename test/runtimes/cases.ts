/** What every runtime has to get right: the models, their texts, and how far from float64 it may be. */
import assert from "node:assert/strict";
import { modelFolder, Numbers, readExpected, relativeDistance } from "../helpers/fixtures.ts";

export const caseNames = ["bert-mean", "bert-six-pools-legacy", "bert-dense-chain", "mpnet-mean", "demo-en"];

export interface RuntimeCase {
  readonly name: string;
  readonly folder: string;
  readonly texts: readonly string[];
}

export function runtimeCases(): RuntimeCase[] {
  return caseNames.map((name) => {
    const { texts, runs } = readExpected(name);
    const [run] = runs;
    return { name, folder: modelFolder(name), texts: run!.texts.map((index) => texts[index]!) };
  });
}

export type RuntimeResults = Readonly<Record<string, readonly (readonly number[])[]>>;

/** As the parity suite: at most twice as far from float64 as the library's own float32. */
export async function checkParity(results: RuntimeResults): Promise<void> {
  for (const name of caseNames) {
    const [run] = readExpected(name).runs;
    const numbers = await Numbers.open(name);
    const exact = await numbers.read(`${run!.name}.embeddings.f64`);
    const theirs = await numbers.read(`${run!.name}.embeddings.f32.alone`);
    await numbers.close();
    const width = exact.shape[1]!;
    const ours = relativeDistance(results[name]!.flat(), exact.values, width);
    const reference = relativeDistance(theirs.values, exact.values, width);
    assert.ok(
      ours <= Math.max(2 * reference, 2 ** -23),
      `${name}: ${ours} from float64, the library ${reference}`,
    );
  }
}
