/**
 * The program of a worker thread: it runs commands with the kernels of a module on a memory that all threads share.
 *
 * `kernelWorker` travels as source text, so that bundlers need not find a second entry and pages need no second
 * file: it must not use anything from outside of itself. The constants of `commands.ts` are its parameters.
 */

/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The names under which the module exports the kernels, in the order in which commands number them. */
  readonly kernels: readonly string[];
  /** Columns of a panel of weights. */
  readonly panelWidth: number;
}

export interface WorkerJob {
  readonly id: number;
  /** The size of the memory that all addresses are in. */
  readonly memoryBytes: number;
  readonly numbers: Float64Array;
  readonly payload: Uint8Array;
  /** Address of the workspace that the commands' addresses are offsets into. */
  readonly workspace: number;
  readonly scratch: number;
  /** How many workers share the commands, and which of them this one is. */
  readonly share: { readonly index: number; readonly count: number };
  /** Where they wait for each other: address of two i32, how many have arrived, and how often the barrier has opened. */
  readonly barrier: number;
  /** Results: address in the workspace, or elsewhere, and number of f32. Only worker 0 gives them. */
  readonly reads: readonly { readonly address: number; readonly length: number }[];
}

export type WorkerReply =
  | { readonly ready: true }
  | { readonly id: number; readonly results: readonly Float32Array[] }
  | { readonly id: number; readonly error: string };

export interface WorkerConstants {
  readonly workspace: number;
  readonly scratch: number;
  readonly call: number;
  readonly point: number;
}

interface WorkerPort {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
}

type Kernel = (...args: number[]) => void;

/** Returns what to do with each message. */
export function kernelWorker(
  port: WorkerPort,
  constants: WorkerConstants,
): (message: WorkerStart | WorkerJob) => void {
  let start: WorkerStart;
  let kernels: Kernel[] = [];

  /**
   * The part of a call that belongs to worker `index` of `count`; null: none. Parts are cut so that every element
   * of the output is computed just as it would be by one worker. Arguments as the kernels declare them.
   */
  const partOf = (name: string, args: number[], index: number, count: number): number[] | null => {
    const cut = (total: number, unit: number): [number, number] => {
      const units = Math.ceil(total / unit);
      const from = Math.floor((units * index) / count) * unit;
      const to = Math.min(total, Math.floor((units * (index + 1)) / count) * unit);
      return [from, to];
    };
    const part = args.slice();
    if (name === "linear") {
      // out, x, weight, bias, residual, rows, depth, columns, code, blockRows, scratch, stride
      const [from, to] = cut(args[7]!, start.panelWidth);
      part[0]! += 4 * from;
      part[2]! += 4 * from * args[6]!;
      if (args[3] !== 0) part[3]! += 4 * from;
      if (args[4] !== 0) part[4]! += 4 * from;
      part[7] = to - from;
      return to > from ? part : null;
    }
    if (name === "attention") {
      // out, q, k, v, offsets, sequences, bias, heads, headDim, scale, span, scratch, stride
      const [from, to] = cut(args[7]!, 1);
      for (const pointer of [0, 1, 2, 3]) part[pointer]! += 4 * from * args[8]!;
      if (args[6] !== 0) part[6]! += 4 * from * (2 * args[10]! - 1);
      part[7] = to - from;
      return to > from ? part : null;
    }
    if (name === "layerNorm" || name === "normalizeRows") {
      // out, x, weight, bias, rows, width, eps; out, x, rows, width
      const rows = name === "layerNorm" ? 4 : 2;
      const [from, to] = cut(args[rows]!, 1);
      part[0]! += 4 * from * args[rows + 1]!;
      part[1]! += 4 * from * args[rows + 1]!;
      part[rows] = to - from;
      return to > from ? part : null;
    }
    if (name === "add" || name === "activation") {
      // out, a, b, length; out, x, code, length
      const [from, to] = cut(args[3]!, 16);
      for (const pointer of name === "add" ? [0, 1, 2] : [0, 1]) part[pointer]! += 4 * from;
      part[3] = to - from;
      return to > from ? part : null;
    }
    return index === 0 ? part : null;
  };

  /** Waits until all `count` workers are here: spinning for as long as a kernel may take, then asleep. */
  const meet = (barrier: Int32Array, count: number): void => {
    const generation = Atomics.load(barrier, 1);
    if (Atomics.add(barrier, 0, 1) === count - 1) {
      Atomics.store(barrier, 0, 0);
      Atomics.add(barrier, 1, 1);
      Atomics.notify(barrier, 1);
      return;
    }
    for (let i = 0; i < 5_000; i++) if (Atomics.load(barrier, 1) !== generation) return;
    while (Atomics.load(barrier, 1) === generation) Atomics.wait(barrier, 1, generation);
  };

  const run = (job: WorkerJob): Float32Array[] => {
    const { numbers, payload, workspace, scratch, share, reads } = job;
    const { index, count } = share;
    const place = (value: number): number => {
      if (value >= constants.scratch) return value - constants.scratch + scratch;
      return value >= constants.workspace ? value - constants.workspace + workspace : value;
    };
    const { memory } = start;
    // A memory that another thread grows at the very moment when this one receives it keeps its shorter buffer here:
    // in 283 of 9,690 tries (Node 20.20, 2026-11-28). Growing it by nothing tells this thread its size.
    if (memory.buffer.byteLength < job.memoryBytes) memory.grow(0);
    const barrier = new Int32Array(memory.buffer, job.barrier, 2);
    for (let at = 0; at < numbers.length; ) {
      if (numbers[at] === constants.call) {
        const kernel = numbers[at + 1]!;
        const end = at + 3 + numbers[at + 2]!;
        const args = Array.from(numbers.subarray(at + 3, end), place);
        const part = count === 1 ? args : partOf(start.kernels[kernel]!, args, index, count);
        if (part !== null) kernels[kernel]!(...part);
        at = end;
      } else if (numbers[at] === constants.point) {
        if (index === 0)
          new Int32Array(memory.buffer, place(numbers[at + 1]!), 1)[0] = place(numbers[at + 2]!);
        at += 3;
      } else {
        const [address, offset, bytes] = numbers.subarray(at + 1, at + 4) as unknown as [
          number,
          number,
          number,
        ];
        if (index === 0) {
          new Uint8Array(memory.buffer).set(payload.subarray(offset, offset + bytes), place(address));
        }
        at += 4;
      }
      if (count > 1) meet(barrier, count);
    }
    if (index !== 0) return [];
    return reads.map(({ address, length }) => {
      const copy = new Float32Array(length); // slice() of shared memory would be shared again
      copy.set(new Float32Array(memory.buffer, place(address), length));
      return copy;
    });
  };

  return (message) => {
    if ("module" in message) {
      start = message;
      const { exports } = new WebAssembly.Instance(message.module, { sentensor: { memory: message.memory } });
      kernels = message.kernels.map((name) => exports[name] as Kernel);
      port.postMessage({ ready: true }, []);
      return;
    }
    try {
      const results = run(message);
      port.postMessage(
        { id: message.id, results },
        results.map(({ buffer }) => buffer as ArrayBuffer),
      );
    } catch (error) {
      port.postMessage({ id: message.id, error: String(error) }, []);
    }
  };
}
