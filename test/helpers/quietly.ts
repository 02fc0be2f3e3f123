import { mock } from "node:test";

/** The warning about ranges from few embeddings belongs to the call, and has its own test. */
export async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const warn = mock.method(console, "warn", () => {});
  try {
    return await action();
  } finally {
    warn.mock.restore();
  }
}
