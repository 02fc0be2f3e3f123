/** What the headers of an answer say of the file behind it. */

export interface ContentRange {
  /** Of the first byte sent. */
  readonly start: number | undefined;
  /** In bytes, of the whole file. */
  readonly total: number | undefined;
}

/** undefined where the header is missing: across origins, scripts see it only where the server exposes it. */
export function contentRange({ headers }: Response): ContentRange | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  return match === null ? undefined : { start: wholeNumber(match[1]), total: wholeNumber(match[2]) };
}

/** Whether a body is compressed: then its positions and its length are not those of the file. */
export function isEncoded({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}

/** The size of the whole file in bytes, as the headers of an answer tell it. */
export function wholeSize(response: Response): number | undefined {
  if (response.status === 206 || response.status === 416) return contentRange(response)?.total;
  return isEncoded(response) ? undefined : wholeNumber(response.headers.get("content-length"));
}

export function wholeNumber(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Whether an answer begins with the byte at `position`. Where the header is hidden, its sender is believed. */
export function continuesAt(response: Response, position: number): boolean {
  if (response.status !== 206 || isEncoded(response)) return false;
  if (response.headers.get("content-range") === null) return true;
  return contentRange(response)?.start === position;
}
