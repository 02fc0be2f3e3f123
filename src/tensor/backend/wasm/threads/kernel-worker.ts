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
  /** In the order in which commands number them. */
  readonly kernels: readonly ThreadKernel[];
}

export interface ThreadKernel {
  /** Under which the module exports it. */
  readonly name: string;
  /** null: one worker does all of a call. */
  readonly split: ThreadSplit | null;
}

/**
 * How a call is divided. Arguments are named by their places; `splitOf` finds them.
 */
export interface ThreadSplit {
  /** The argument that says how much there is to do. */
  readonly extent: number;
  /** The argument that says how much of it comes before; null: none does. */
  readonly first: number | null;
  /** It is cut at multiples of this. */
  readonly unit: number;
  /**
   * The addresses that move on with each of it: by `bytes`, times all factors (times · argument + plus). An address of
   * 0 is none.
   */
  readonly moves: readonly {
    readonly argument: number;
    readonly bytes: number;
    readonly factors: readonly { readonly argument: number; readonly times: number; readonly plus: number }[];
  }[];
}

export interface WorkerJob {
  readonly id: number;
  /** The module of kernels that are not in that of `WorkerStart`; null where no command calls one. */
  readonly extension: WebAssembly.Module | null;
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
}

export type WorkerReply =
  | { readonly ready: true }
  /** Its part is done; results are where the commands put them. */
  | { readonly id: number }
  | { readonly id: number; readonly error: string };

export interface WorkerConstants {
  readonly workspace: number;
  readonly scratch: number;
  readonly call: number;
  readonly point: number;
}

interface WorkerPort {
  postMessage(message: unknown): void;
}

type Kernel = (...args: number[]) => void;

/** Returns what to do with each message. */
export function kernelWorker(
  port: WorkerPort,
  constants: WorkerConstants,
): (message: WorkerStart | WorkerJob) => void {
  let start: WorkerStart;
  let firstExports: WebAssembly.Exports = {};
  let extensionExports: WebAssembly.Exports | null = null;
  let kernels: { readonly run: Kernel; readonly split: ThreadSplit | null }[] = [];

  const instantiate = (module: WebAssembly.Module): WebAssembly.Exports =>
    new WebAssembly.Instance(module, { sentensor: { ...firstExports, memory: start.memory } }).exports;

  /** Finds the kernels in the modules that have come so far. */
  const findKernels = (): void => {
    kernels = start.kernels.map(({ name, split }) => ({
      run: (firstExports[name] ?? extensionExports?.[name]) as Kernel,
      split,
    }));
  };

  /**
   * The part of a call that belongs to worker `index` of `count`; null: none. Parts are cut so that every element
   * of the output is computed just as it would be by one worker.
   */
  const partOf = (
    split: ThreadSplit | null,
    args: number[],
    index: number,
    count: number,
  ): readonly number[] | null => {
    if (split === null) return index === 0 ? args : null;
    const { extent, first, unit, moves } = split;
    const total = args[extent]!;
    const units = Math.ceil(total / unit);
    const from = Math.floor((units * index) / count) * unit;
    const to = Math.min(total, Math.floor((units * (index + 1)) / count) * unit);
    if (to <= from) return null;
    const part = args.slice();
    part[extent] = to - from;
    if (first !== null) part[first] = from;
    for (const { argument, bytes, factors } of moves) {
      if (args[argument] === 0) continue;
      let step = bytes;
      for (const factor of factors) step *= factor.times * args[factor.argument]! + factor.plus;
      part[argument]! += from * step;
    }
    return part;
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

  const run = (job: WorkerJob): void => {
    const { numbers, payload, workspace, scratch, share } = job;
    const { index, count } = share;
    if (job.extension !== null && extensionExports === null) {
      extensionExports = instantiate(job.extension);
      findKernels();
    }
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
        const { run: kernel, split } = kernels[numbers[at + 1]!]!;
        const end = at + 3 + numbers[at + 2]!;
        const args = Array.from(numbers.subarray(at + 3, end), place);
        const part = count === 1 ? args : partOf(split, args, index, count);
        if (part !== null) kernel(...part);
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
  };

  return (message) => {
    if ("module" in message) {
      start = message;
      firstExports = instantiate(message.module);
      findKernels();
      port.postMessage({ ready: true });
      return;
    }
    try {
      run(message);
      port.postMessage({ id: message.id });
    } catch (error) {
      port.postMessage({ id: message.id, error: String(error) });
    }
  };
}
