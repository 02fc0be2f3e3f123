/** Merges to do, least rank first, of equal ranks the leftmost first: a binary heap. Used again for each word. */
export class MergeQueue {
  #ranks = new Int32Array(64);
  #positions = new Int32Array(64);
  #length = 0;

  /** The rank of the first one. */
  get rank(): number {
    return this.#ranks[0]!;
  }

  /** The position of the first one. */
  get position(): number {
    return this.#positions[0]!;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  clear(): void {
    this.#length = 0;
  }

  push(rank: number, position: number): void {
    if (this.#length === this.#ranks.length) {
      this.#ranks = doubled(this.#ranks);
      this.#positions = doubled(this.#positions);
    }
    const ranks = this.#ranks;
    const positions = this.#positions;
    let i = this.#length++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (ranks[parent]! < rank || (ranks[parent] === rank && positions[parent]! < position)) break;
      ranks[i] = ranks[parent]!;
      positions[i] = positions[parent]!;
      i = parent;
    }
    ranks[i] = rank;
    positions[i] = position;
  }

  /** Takes the first one out. */
  pop(): void {
    const ranks = this.#ranks;
    const positions = this.#positions;
    const length = --this.#length;
    const rank = ranks[length]!;
    const position = positions[length]!;
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      const other = child + 1;
      if (
        other < length &&
        (ranks[other]! < ranks[child]! ||
          (ranks[other] === ranks[child] && positions[other]! < positions[child]!))
      ) {
        child = other;
      }
      if (rank < ranks[child]! || (rank === ranks[child] && position <= positions[child]!)) break;
      ranks[i] = ranks[child]!;
      positions[i] = positions[child]!;
      i = child;
    }
    ranks[i] = rank;
    positions[i] = position;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
