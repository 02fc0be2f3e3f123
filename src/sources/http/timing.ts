/** How patient the network code is. Milliseconds throughout. */
export interface NetworkTiming {
  /** How many times in a row a request may fail. */
  readonly attempts: number;
  /** Until an answer begins. */
  readonly answerTimeout: number;
  /** Between two pieces of a body. */
  readonly stallTimeout: number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when that is raised. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

/** The timeouts are those of huggingface_hub 1.33, constants.py; a stalled body gets more. */
export const defaultTiming: NetworkTiming = {
  attempts: 5,
  answerTimeout: 10_000,
  stallTimeout: 30_000,
  wait: sleep,
  random: Math.random,
};

/** The same with the timeouts that somebody chose. */
export function withTimeouts(
  timing: NetworkTiming,
  chosen: { readonly answerTimeout: number | undefined; readonly stallTimeout: number | undefined },
): NetworkTiming {
  return {
    attempts: timing.attempts,
    answerTimeout: chosen.answerTimeout ?? timing.answerTimeout,
    stallTimeout: chosen.stallTimeout ?? timing.stallTimeout,
    wait: (milliseconds, signal) => timing.wait(milliseconds, signal),
    random: () => timing.random(),
  };
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 8_000;
/** A server may ask for more; then the next refusal counts as one more failure. */
const LONGEST_REQUESTED_DELAY = 60_000;

/** How long to wait before the retry number `retry`, counted from 0. Randomly, so that not all clients return at once. */
export function retryDelay(timing: NetworkTiming, retry: number, requested: number | undefined): number {
  if (requested !== undefined) return Math.min(requested, LONGEST_REQUESTED_DELAY);
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** retry) * (0.5 + timing.random() / 2);
}

/**
 * What an answer says about the next try, in milliseconds: Retry-After in seconds or as a date (RFC 9110
 * 10.2.3), or the hub's own `ratelimit: "api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09).
 */
export function requestedDelay(headers: Headers, now: number): number | undefined {
  const limit = /;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/.exec(headers.get("ratelimit") ?? "");
  if (limit !== null) return (Number(limit[1]) + 1) * 1000;
  const retryAfter = headers.get("retry-after")?.trim();
  if (retryAfter === undefined || retryAfter === "") return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
