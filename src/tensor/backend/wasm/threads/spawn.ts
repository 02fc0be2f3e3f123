/** Starting worker threads, in every runtime that has them. */
import { isNodeCompatible } from "../../../../runtime/environment.ts";
import { workerProblem } from "../../../../runtime/worker-problem.ts";
import { CALL, POINT, SCRATCH, WORKSPACE } from "./commands.ts";
import { kernelWorker, type WorkerConstants, type WorkerJob, type WorkerStart } from "./kernel-worker.ts";
import type { Thread, ThreadEvents } from "./thread.ts";

/** Whether this runtime has worker threads of one kind or the other. */
export function hasThreads(): boolean {
  return isNodeCompatible() || typeof Worker === "function";
}

export async function spawnThread(events: ThreadEvents): Promise<Thread> {
  if (isNodeCompatible()) {
    const { spawnNodeThread } = await import("./spawn-node.ts");
    return spawnNodeThread(programText(), events);
  }
  return spawnWebThread(programText(), events);
}

/** The program of a worker in this thread, which is busy until the work is done. */
export function localThread(onMessage: ThreadEvents["onMessage"]): Thread {
  const handle = kernelWorker({ postMessage: onMessage }, constants);
  return {
    post: (message) => handle(message as WorkerStart | WorkerJob),
    hold: () => {},
    terminate: () => {},
  };
}

const constants: WorkerConstants = { workspace: WORKSPACE, scratch: SCRATCH, call: CALL, point: POINT };

function programText(): string {
  // Compilers that keep the names of functions wrap them in __name(), which is not part of the text.
  return `const __name = (value) => value; const kernelWorker = ${kernelWorker.toString()};
const constants = ${JSON.stringify(constants)};`;
}

function spawnWebThread(program: string, { onMessage, onEnd }: ThreadEvents): Thread {
  const url = URL.createObjectURL(
    new Blob(
      [
        `${program}\nconst handle = kernelWorker(self, constants);
onmessage = ({ data }) => handle(data);
onmessageerror = () => { throw new Error("memory cannot be shared with a worker") };`,
      ],
      {
        type: "text/javascript",
      },
    ),
  );
  let worker: Worker;
  try {
    worker = new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
  worker.onmessage = ({ data }) => onMessage(data);
  worker.onerror = (event) => onEnd(workerProblem(event));
  worker.onmessageerror = () => onEnd("a message could not be read");
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    hold: () => {},
    terminate: () => worker.terminate(),
  };
}
