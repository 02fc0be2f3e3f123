/**
 * What a batch has to compute, as numbers that travel to a worker: kernel calls with their arguments, and bytes to
 * be written before them. Recording a batch takes a fraction of a millisecond; workers need no model, no modules,
 * and none of this package's code but the few lines in `kernel-worker.ts`.
 */

/**
 * Addresses from here on are offsets into the workspace of the worker that will run the commands. No real address
 * (below 2³²) and no other argument of a kernel comes near.
 */
export const WORKSPACE = 2 ** 40;

/** The same for scratch memory, of which each worker has its own even where several work on one batch. */
export const SCRATCH = 2 ** 41;

/** The kinds of commands. */
export const CALL = 0; // CALL, kernel, number of arguments, arguments …
export const WRITE = 1; // WRITE, address, offset in the payload, bytes
export const POINT = 2; // POINT, address, the address to be written there as an i32

/** A list of commands with everything that they need besides memory that is there already. */
export interface Commands {
  readonly numbers: Float64Array;
  /** Bytes for WRITE. */
  readonly payload: Uint8Array;
}

export class CommandRecorder {
  #numbers = new Float64Array(1024);
  #length = 0;
  #payload = new Uint8Array(4096);
  #payloadLength = 0;

  call(kernel: number, args: readonly number[]): void {
    this.#push(CALL, kernel, args.length, ...args);
  }

  write(address: number, bytes: Uint8Array): void {
    const start = this.#payloadLength;
    // Workers view the payload as they need it, so every piece begins where any element type may.
    const end = start + Math.ceil(bytes.length / 8) * 8;
    if (end > this.#payload.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#payload.length));
      grown.set(this.#payload.subarray(0, start));
      this.#payload = grown;
    }
    this.#payload.set(bytes, start);
    this.#payloadLength = end;
    this.#push(WRITE, address, start, bytes.length);
  }

  point(address: number, pointer: number): void {
    this.#push(POINT, address, pointer);
  }

  /** Everything recorded since the last time. */
  take(): Commands {
    const commands = {
      numbers: this.#numbers.slice(0, this.#length),
      payload: this.#payload.slice(0, this.#payloadLength),
    };
    this.#length = 0;
    this.#payloadLength = 0;
    return commands;
  }

  #push(...numbers: readonly number[]): void {
    const end = this.#length + numbers.length;
    if (end > this.#numbers.length) {
      const grown = new Float64Array(Math.max(end, 2 * this.#numbers.length));
      grown.set(this.#numbers.subarray(0, this.#length));
      this.#numbers = grown;
    }
    this.#numbers.set(numbers, this.#length);
    this.#length = end;
  }
}
