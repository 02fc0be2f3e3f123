import type { Writable } from "node:stream";
import type { Terminal } from "../runtime/environment.ts";

/** Where text goes. */
export interface TextOutput {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
  /** Resolves when there is room for more. */
  write(text: string | Uint8Array): Promise<void>;
}

export function streamOutput(
  stream: Writable & { readonly isTTY?: boolean; readonly columns?: number },
): TextOutput {
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 120;
    },
    write: async (text) => {
      if (stream.write(text)) return;
      await new Promise<void>((resolve) => stream.once("drain", resolve));
    },
  };
}

/** undefined where nobody would see a line that is written over. */
export function terminalOf(output: TextOutput): Terminal | undefined {
  return output.isTerminal ? output : undefined;
}
