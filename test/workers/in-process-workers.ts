/** Workers in this very thread: the real protocol and the real model, with ends and waits as a test wants them. */
import type { WorkerOutputs } from "../../src/encode/outputs.ts";
import type { FromWorker, ToWorker } from "../../src/workers/messages.ts";
import { serve } from "../../src/workers/serve.ts";
import type { SpawnWorker } from "../../src/workers/worker-channel.ts";

export interface Observed {
  /** Of which worker, from 0 on. */
  readonly worker: number;
  readonly message: ToWorker;
}

export interface WorkerFaults {
  /** The outputs that it knows. Default: those of every worker. */
  readonly outputs?: WorkerOutputs;
  /** What the worker ends with when it gets this message; undefined: it goes on. */
  readonly endsAt?: (observed: Observed) => Error | undefined;
  /** Which messages never reach the worker: it hangs. */
  readonly ignores?: (observed: Observed) => boolean;
  /** What its end waits for once it has been asked for; until then it works on. */
  readonly ending?: () => Promise<void>;
  /** Called when the worker answers a chunk. */
  readonly answers?: () => void;
}

export interface WorkerLog {
  readonly spawn: SpawnWorker;
  readonly messages: Observed[];
  /** How many workers are held, that is, keep the process alive. */
  held(): number;
  /** How many have ended. */
  ended(): number;
  /** How many were held, and not let go of, until they ended. */
  heldUntilEnd(): number;
}

export function inProcessWorkers({
  outputs,
  endsAt,
  ignores,
  ending,
  answers,
}: WorkerFaults = {}): WorkerLog {
  const messages: Observed[] = [];
  const held = new Set<number>();
  const ended = new Set<number>();
  const heldUntilEnd = new Set<number>();
  let spawned = 0;
  const spawn: SpawnWorker = (events) => {
    const worker = spawned++;
    held.add(worker);
    let receive: (message: ToWorker) => void = () => {};
    serve(
      {
        post: (message, transfer = []) => {
          const sent = structuredClone(message, { transfer: [...transfer] }) as FromWorker;
          if (message.kind === "done" || message.kind === "failed") answers?.();
          setImmediate(() => {
            if (!ended.has(worker)) events.message(sent);
          });
        },
        listen: (handler) => {
          receive = handler;
        },
      },
      outputs,
    );
    const end = (reason: Error) => {
      if (ended.has(worker)) return;
      ended.add(worker);
      if (held.delete(worker)) heldUntilEnd.add(worker);
      events.end(reason);
    };
    return {
      post: (message) => {
        const observed = { worker, message };
        messages.push(observed);
        const sent = structuredClone(message);
        setImmediate(() => {
          if (ended.has(worker)) return;
          const reason = endsAt?.(observed);
          if (reason !== undefined) end(reason);
          else if (!ignores?.(observed)) receive(sent);
        });
      },
      hold: () => held.add(worker),
      release: () => held.delete(worker),
      terminate: async () => {
        await (ending?.() ?? new Promise((resolve) => setImmediate(resolve)));
        end(new Error("it was terminated"));
      },
    };
  };
  return {
    spawn,
    messages,
    held: () => held.size,
    ended: () => ended.size,
    heldUntilEnd: () => heldUntilEnd.size,
  };
}
