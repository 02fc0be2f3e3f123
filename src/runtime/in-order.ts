/**
 * As `Promise.all`, but where several fail, the error is that of the first in the list, whichever was the first to fail;
 * and nothing goes on any more when it rejects.
 */
export async function inOrder<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
