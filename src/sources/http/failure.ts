import { requestedDelay } from "./timing.ts";

/**
 * - `connection`: it cannot be made, or broke; `silence`: the server did not answer, or stopped sending
 * - `status`: an answer that may be another one a little later
 * - `short`, `long`: the body ended before or went on after its end
 */
export type FailureKind = "connection" | "silence" | "status" | "short" | "long";

export interface Answer {
  readonly response: Response;
  /** Where it came from, after redirects. */
  readonly url: string;
}

interface FailureFacts {
  /** Whether the same request may well succeed a little later. */
  readonly transient?: boolean;
  readonly answer?: Answer;
  readonly cause?: unknown;
}

/** An exchange failed. Plain facts, of which each caller makes an error of its own. */
export class HttpFailure extends Error {
  readonly kind: FailureKind;
  readonly transient: boolean;
  /** The one with the status. */
  readonly answer: Answer | undefined;
  /** What the server asked to wait for, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(kind: FailureKind, message: string, { transient = false, answer, cause }: FailureFacts = {}) {
    super(message, { cause });
    this.kind = kind;
    this.transient = transient;
    this.answer = answer;
    this.retryAfter = answer && requestedDelay(answer.response.headers, Date.now());
  }
}

/** `fetch` says "fetch failed" of everything; the reason lies below. */
export function connectionFailure(host: string, error: unknown): HttpFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String((cause as { code?: unknown } | null)?.code ?? "");
  const reason = cause instanceof Error ? [code, cause.message].filter(Boolean).join(", ") : String(cause);
  const hopeless = code === "ENOTFOUND" || /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS|^ERR_SSL/.test(code);
  const message = `the connection to ${host} failed: ${reason}`;
  return new HttpFailure("connection", message, { cause: error, transient: !hopeless });
}
