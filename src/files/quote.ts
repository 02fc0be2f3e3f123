/** A name out of a file, for an error message or a listing: no control characters, no endless lines. */
export function quote(name: string): string {
  const shown = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  // JSON escapes C0 and lone surrogates; a terminal also obeys DEL, C1 and the direction marks.
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
