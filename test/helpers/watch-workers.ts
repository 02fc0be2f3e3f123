import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";

export interface WatchedWorkers {
  /** Those that were sent a message that is meant. */
  readonly all: Set<Worker>;
  /** How many of them have not ended. */
  readonly alive: () => number;
  /** Resolves when there are so many of them. */
  readonly reached: (count: number) => Promise<void>;
}

/**
 * Workers by what this thread sends them, until the test has ended: others (a loader of TypeScript, for one) have
 * workers too. scripts/test.mjs gives files that call it a process of their own.
 */
export function watchWorkers(t: TestContext, isMeant: (message: object) => boolean): WatchedWorkers {
  const all = new Set<Worker>();
  let onNew = () => {};
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<typeof post>) {
    if (isMeant(args[0])) {
      all.add(this);
      onNew();
    }
    return post.apply(this, args);
  };
  t.after(() => {
    Worker.prototype.postMessage = post;
  });
  return {
    all,
    alive: () => [...all].filter(({ threadId }) => threadId !== -1).length,
    reached: (count) =>
      new Promise((resolve) => {
        onNew = () => {
          if (all.size >= count) resolve();
        };
        onNew();
      }),
  };
}
