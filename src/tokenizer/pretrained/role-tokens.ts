import { FormatError } from "../../errors.ts";
import type { SpecialToken } from "../post-processors/bert-processing.ts";
import type { SpecialTokenName } from "../tokenizer.ts";
import { contentOf, SPECIAL_TOKEN_FIELDS, type SpecialTokens } from "./settings.ts";

/**
 * How the reference's class writes its template: as one string of words, as a list of pieces, or as tokens and ids.
 * The first two cannot hold every token (tokenizers/src/processors/template.rs, `Piece::try_from`).
 */
export type Spelling = "string" | "list" | "tokens";

/** The tokens with a role and their ids, once the vocabulary is complete. */
export class RoleTokens {
  readonly #tokens: SpecialTokens;
  readonly #idOf: (token: string) => number | undefined;
  readonly #file: string;

  /** @param file that says which tokens there are, for errors */
  constructor(tokens: SpecialTokens, idOf: (token: string) => number | undefined, file: string) {
    this.#tokens = tokens;
    this.#idOf = idOf;
    this.#file = file;
  }

  has(name: SpecialTokenName): boolean {
    return this.#tokens[name] !== undefined;
  }

  /**
   * A token for a post-processor. One that the vocabulary lacks (only the empty one can) has the unknown token's id.
   * @param otherwise the id where there is no such token, or no unknown token either; undefined: an error
   */
  get(name: SpecialTokenName, spelling: Spelling, otherwise?: number): SpecialToken {
    const content = contentOf(this.#tokens[name]);
    const id = content === undefined ? undefined : (this.#idOf(content) ?? this.#unknownId());
    const found = id ?? otherwise;
    if (found === undefined) throw this.#missing(name);
    const written = content ?? "None"; // what Python's str() makes of a null
    const separators = spelling === "string" ? /[ :]|^\$/ : spelling === "list" ? /:|^\$/ : null;
    if (separators?.test(written)) {
      const field = fieldOf(name);
      throw new FormatError(
        `"${field}": expected a token that the template of this class can hold, without ${spelling === "string" ? "spaces and " : ""}colons, found ${JSON.stringify(written)}`,
        { code: "invalid-special-token", subject: field, file: this.#file },
      );
    }
    return [written, found];
  }

  #unknownId(): number | undefined {
    const content = contentOf(this.#tokens.unkToken);
    if (content === undefined) return undefined;
    const id = this.#idOf(content);
    if (id === undefined) throw this.#missing("unkToken"); // the reference looks for it without end
    return id;
  }

  #missing(name: SpecialTokenName): FormatError {
    const field = fieldOf(name);
    const content = contentOf(this.#tokens[name]);
    return new FormatError(
      `"${field}": expected a token, which this class cannot do without, found ${JSON.stringify(content ?? null)}`,
      { code: "missing-special-token", subject: field, file: this.#file },
    );
  }
}

function fieldOf(name: SpecialTokenName): string {
  return SPECIAL_TOKEN_FIELDS.find(([, role]) => role === name)![0];
}
