import type { FileTarget } from "../../src/index.ts";

/** A folder in memory. */
export class MemoryTarget implements FileTarget {
  readonly files = new Map<string, Uint8Array>();

  async write(path: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    if (typeof content === "string") this.files.set(path, new TextEncoder().encode(content));
    else if (content instanceof Uint8Array) this.files.set(path, content);
    else {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(piece);
      this.files.set(path, Buffer.concat(pieces));
    }
  }

  text(path: string): string {
    return new TextDecoder().decode(this.files.get(path));
  }

  json(path: string): Record<string, unknown> {
    return JSON.parse(this.text(path));
  }
}
