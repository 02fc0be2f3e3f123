import { TokenTable } from "../fast/token-table.ts";

/** A model's vocabulary both ways. */
export class Vocabulary {
  readonly #tokens: readonly string[];
  readonly #ids: ArrayLike<number>;
  /** Token → id. */
  readonly table: TokenTable;
  #byId: readonly (string | undefined)[] | ReadonlyMap<number, string> | null = null;

  /** Of equal tokens the last id counts; the others stay without a token. */
  constructor(tokens: readonly string[], ids: ArrayLike<number>) {
    this.#tokens = tokens;
    this.#ids = ids;
    this.table = new TokenTable(tokens, ids);
  }

  /** The tokens as they are numbered in an array. */
  static numbered(tokens: readonly string[]): Vocabulary {
    const ids = new Int32Array(tokens.length);
    for (let id = 0; id < ids.length; id++) ids[id] = id;
    return new Vocabulary(tokens, ids);
  }

  get size(): number {
    return this.table.size;
  }

  id(token: string): number | undefined {
    const id = this.table.get(token);
    return id < 0 ? undefined : id;
  }

  token(id: number): string | undefined {
    this.#byId ??= this.#invert();
    return this.#byId instanceof Map ? this.#byId.get(id) : (this.#byId as readonly string[])[id];
  }

  *entries(): Generator<readonly [string, number]> {
    for (const [i, token] of this.#tokens.entries()) yield [token, this.#ids[i]!];
  }

  #invert(): readonly (string | undefined)[] | ReadonlyMap<number, string> {
    const count = this.#tokens.length;
    let greatest = -1;
    let numbered = true;
    for (let i = 0; i < count; i++) {
      const id = this.#ids[i]!;
      greatest = Math.max(greatest, id);
      numbered &&= id === i;
    }
    const unique = count === this.size;
    if (numbered && unique) return this.#tokens; // as most files list them
    if (greatest < count * 4 + 1024) {
      const byId = new Array<string | undefined>(greatest + 1);
      for (let i = 0; i < count; i++) {
        const id = this.#ids[i]!;
        if (unique || this.table.get(this.#tokens[i]!) === id) byId[id] = this.#tokens[i];
      }
      return byId;
    }
    const byId = new Map<number, string>(); // ids far apart
    for (let i = 0; i < count; i++) {
      const id = this.#ids[i]!;
      if (unique || this.table.get(this.#tokens[i]!) === id) byId.set(id, this.#tokens[i]!);
    }
    return byId;
  }
}
