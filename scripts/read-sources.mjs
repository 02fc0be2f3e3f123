// How sources are read on their way into a bundle.

/**
 * The codes alone: what each means is for documents, and every bundle holds the list.
 *
 * @param text of src/error-codes.ts
 */
export function withoutMeanings(text) {
  return text.replaceAll(/^( {2}(?:"[a-z0-9-]+"|[a-z]+):)\s+"(?:[^"\\]|\\.)*",$/gm, '$1 "",');
}

/** The same of its declarations: dist/error-codes.d.ts. */
export function withoutDeclaredMeanings(text) {
  return text.replaceAll(/^(\s+readonly (?:"[a-z0-9-]+"|[a-z]+):) "(?:[^"\\]|\\.)*";$/gm, "$1 string;");
}
