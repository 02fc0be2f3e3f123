/** Views of a memory, which every growth makes stale. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  #floats: Float32Array;
  #integers: Int32Array;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#floats = new Float32Array(memory.buffer);
    this.#integers = new Int32Array(memory.buffer);
  }

  /** Of all memory, at least up to the address `end`. Not to be kept. */
  floats(end: number): Float32Array {
    // A buffer that has grown is detached, or, where it is shared, still the shorter one.
    if (this.#floats.byteLength < end) this.#floats = new Float32Array(this.memory.buffer);
    return this.#floats;
  }

  integers(end: number): Int32Array {
    if (this.#integers.byteLength < end) this.#integers = new Int32Array(this.memory.buffer);
    return this.#integers;
  }
}
