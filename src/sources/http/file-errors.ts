/** What goes wrong with a file on a server, as FileErrors. */
import { FileError } from "../../errors.ts";
import type { HttpFailure } from "./failure.ts";

export function failureError(file: string, failure: HttpFailure): FileError {
  const { kind, answer, message, cause = failure } = failure;
  if (answer !== undefined) return statusError(file, answer.response);
  return new FileError(file, message, {
    code: kind === "short" ? "truncated-file" : kind === "long" ? "server-error" : "fetch-failed",
    cause,
  });
}

/** For answers that are no file. */
export function statusError(file: string, response: Response): FileError {
  if (response.ok)
    return new FileError(file, "there is no such file: the server answered with a web page", {
      code: "file-not-found",
    });
  return new FileError(file, describeStatus(response), {
    code: isGone(response) ? "file-not-found" : "server-error",
  });
}

function describeStatus(response: Response): string {
  const { status, statusText } = response;
  if (isGone(response)) return `there is no such file (status ${status})`;
  if (status === 401 || status === 403) return `the server denies access (status ${status})`;
  if (status === 429) return "too many requests (status 429)";
  return `the server answered with status ${status} ${statusText}`.trimEnd();
}

export function isMissing(response: Response, file: string): boolean {
  return isGone(response) || isForeignPage(response, file);
}

function isGone({ status }: Response): boolean {
  return status === 404 || status === 410;
}

/** The start page of an application, in place of a file that is not there. */
export function isForeignPage(response: Response, file: string): boolean {
  const type = response.headers.get("content-type") ?? "";
  return response.ok && type.startsWith("text/html") && !/\.html?$/.test(file);
}

export function rangeError(file: string, found: number | undefined, expected: number): FileError {
  const message = `the server sent the bytes from ${found} on; expected those from ${expected} on`;
  return new FileError(file, message, { code: "server-error" });
}
