/** A binary heap. `comesFirst` decides which of two items is nearer to the top. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #comesFirst: (a: T, b: T) => boolean;

  constructor(comesFirst: (a: T, b: T) => boolean) {
    this.#comesFirst = comesFirst;
  }

  get size(): number {
    return this.#items.length;
  }

  get top(): T | undefined {
    return this.#items[0];
  }

  /** All items, in no particular order. */
  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    const last = this.#items.pop();
    return last === undefined || this.#items.length === 0 ? last : this.replaceTop(last);
  }

  /** Puts `item` in place of the top of a heap that is not empty; gives the old top back. */
  replaceTop(item: T): T {
    const top = this.#items[0]!;
    this.#items[0] = item;
    this.#sink(0);
    return top;
  }

  #rise(start: number): void {
    const items = this.#items;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#comesFirst(items[index]!, items[parent]!)) return;
      [items[index], items[parent]] = [items[parent]!, items[index]!];
      index = parent;
    }
  }

  #sink(start: number): void {
    const items = this.#items;
    let index = start;
    for (;;) {
      let first = index;
      for (let child = 2 * index + 1; child <= 2 * index + 2; child++) {
        if (child < items.length && this.#comesFirst(items[child]!, items[first]!)) first = child;
      }
      if (first === index) return;
      [items[index], items[first]] = [items[first]!, items[index]!];
      index = first;
    }
  }
}
