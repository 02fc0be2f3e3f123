/** A model's vocabulary both ways. */
export class Vocabulary {
  readonly #ids: Map<string, number>;
  readonly #tokens: (string | undefined)[] | Map<number, string>;

  /** Of equal tokens the last id counts; the others stay without a token. */
  constructor(entries: Iterable<readonly [string, number]>) {
    this.#ids = new Map(entries);
    let greatest = -1;
    for (const id of this.#ids.values()) if (id > greatest) greatest = id;
    if (greatest < this.#ids.size * 4 + 1024) {
      const tokens = new Array<string | undefined>(greatest + 1);
      for (const [token, id] of this.#ids) tokens[id] = token;
      this.#tokens = tokens;
    } else {
      this.#tokens = new Map(); // ids far apart
      for (const [token, id] of this.#ids) this.#tokens.set(id, token);
    }
  }

  get size(): number {
    return this.#ids.size;
  }

  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  token(id: number): string | undefined {
    return Array.isArray(this.#tokens) ? this.#tokens[id] : this.#tokens.get(id);
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#ids.entries();
  }
}
