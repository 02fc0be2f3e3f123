import { setFlagsFromString } from "node:v8";

/**
 * Runs `body` with V8's flags of these names on, which are off by default. They are those of the whole process, so
 * nothing else must run meanwhile: `body` is not async.
 */
export function withV8Flags<T>(flags: readonly string[], body: () => T): T {
  for (const flag of flags) setFlagsFromString(`--${flag}`);
  try {
    return body();
  } finally {
    for (const flag of flags) setFlagsFromString(`--no-${flag}`);
  }
}
