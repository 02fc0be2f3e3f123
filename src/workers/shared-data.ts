/** Data that workers get from the thread that starts them, so that the package does not hold it once more. */
import * as unicodeTables from "../tokenizer/unicode/tables.ts";

/** By the file under src/ whose exports it is: the worker's program is built without them. */
const sharedData = { "tokenizer/unicode/tables.ts": unicodeTables };

/** A program of workers that finds the data where it expects it. */
export function withSharedData(program: string): string {
  return `globalThis[Symbol.for("sentensor.shared-data")] = ${JSON.stringify(sharedData)};\n${program}`;
}
