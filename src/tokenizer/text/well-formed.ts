const lone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const loneEverywhere = new RegExp(lone.source, "g");

/** The text with each lone surrogate replaced by U+FFFD, which keeps every offset. */
export function wellFormed(text: string): string {
  return lone.test(text) ? text.replace(loneEverywhere, "\uFFFD") : text;
}
