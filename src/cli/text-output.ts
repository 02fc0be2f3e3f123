import type { Writable } from "node:stream";

/** Where text goes. */
export interface TextOutput {
  readonly isTerminal: boolean;
  /** Resolves when there is room for more. */
  write(text: string | Uint8Array): Promise<void>;
}

export function streamOutput(stream: Writable & { readonly isTTY?: boolean }): TextOutput {
  return {
    isTerminal: stream.isTTY === true,
    write: async (text) => {
      if (stream.write(text)) return;
      await new Promise<void>((resolve) => stream.once("drain", resolve));
    },
  };
}
