import { Worker } from "node:worker_threads";
import type { Thread, ThreadEvents } from "./thread.ts";

/** A worker thread from the text of its program. It does not keep the process alive unless it is told to. */
export function spawnNodeThread(program: string, { onMessage, onEnd }: ThreadEvents): Thread {
  const text = `${program}
const { parentPort } = require("node:worker_threads");
const handle = kernelWorker(parentPort, constants);
parentPort.on("message", handle);
parentPort.on("messageerror", (error) => { throw error; });`;
  const worker = new Worker(text, { eval: true, execArgv: [], stdin: false });
  let ended = false;
  const end = (reason: string) => {
    if (!ended) onEnd(reason);
    ended = true;
  };
  worker.on("message", onMessage);
  worker.on("error", (error) => end(error.message));
  worker.on("messageerror", (error) => {
    end(error.message);
    void worker.terminate();
  });
  worker.on("exit", (code) => end(`it ended with code ${code}`));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as ArrayBuffer[]),
    hold: (holds) => (holds ? worker.ref() : worker.unref()),
    terminate: async () => {
      ended = true;
      await worker.terminate();
    },
  };
}
