import { ArgumentError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";

export const DEFAULT_ENDPOINT = "https://huggingface.co";

/** The address of a hub without the slash at its end. @throws ArgumentError where it is none. */
export function checkEndpoint(endpoint: string): string {
  let url: URL | undefined;
  try {
    url = new URL(endpoint);
  } catch {
    // Reported below.
  }
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || (url?.protocol !== "https:" && url?.protocol !== "http:")) {
    throw new ArgumentError(
      `endpoint (or HF_ENDPOINT): expected an http(s) address without a password, got ${quote(String(endpoint))}`,
      { code: "invalid-address", subject: "endpoint" },
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** A token goes into a header: it is printable and has no spaces. No message ever shows it. */
export function checkToken(token: string): string {
  const trimmed = token.trim();
  if (!/^[\u0021-\u007e]+$/.test(trimmed)) {
    throw new ArgumentError("token: expected printable ASCII characters without spaces", {
      subject: "token",
    });
  }
  return trimmed;
}
