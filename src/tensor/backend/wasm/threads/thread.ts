/** A worker thread, as little of it as is needed. */
export interface Thread {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the thread keeps the process alive. */
  hold(holds: boolean): void;
  /** Resolves when it has ended, where the runtime tells. */
  terminate(): void | Promise<void>;
}

export interface ThreadEvents {
  onMessage(message: unknown): void;
  /** It has ended, for whatever reason but `terminate`. */
  onEnd(reason: string): void;
}

/** Rejects where no thread can be started. One that ends before it answers its start could not be started either. */
export type SpawnThread = (events: ThreadEvents) => Promise<Thread>;
