import type { Decoder } from "../component.ts";

/** Takes tokens such as <0xE2> back to bytes, runs of them to text; bytes that are no UTF-8 become U+FFFD each. */
export class ByteFallback implements Decoder {
  decode(tokens: readonly string[]): readonly string[] {
    const out: string[] = [];
    let bytes: number[] = [];
    const flush = () => {
      if (bytes.length > 0) out.push(...textOf(bytes));
      bytes = [];
    };
    for (const token of tokens) {
      const found = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token);
      if (found !== null) {
        bytes.push(Number.parseInt(found[1]!.replace("+", ""), 16));
        continue;
      }
      flush();
      out.push(token);
    }
    flush();
    return out;
  }
}

function textOf(bytes: readonly number[]): string[] {
  try {
    return [new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => "\uFFFD");
  }
}
