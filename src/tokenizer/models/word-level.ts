import { FormatError } from "../../errors.ts";
import type { Model } from "../component.ts";
import type { IdBuffer } from "../fast/id-buffer.ts";
import type { Token } from "../token.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Each word is one token, or unknown. */
export class WordLevel implements Model {
  readonly type = "WordLevel";
  readonly #vocabulary: Vocabulary;
  readonly #unkToken: string;

  constructor(vocabulary: Vocabulary, unkToken: string) {
    this.#vocabulary = vocabulary;
    this.#unkToken = unkToken;
  }

  get vocabSize(): number {
    return this.#vocabulary.size;
  }

  tokenToId(token: string): number | undefined {
    return this.#vocabulary.id(token);
  }

  idToToken(id: number): string | undefined {
    return this.#vocabulary.token(id);
  }

  tokenize(word: string): readonly Token[] {
    const known = this.#vocabulary.id(word);
    const id = known ?? this.#vocabulary.id(this.#unkToken);
    if (id === undefined) {
      throw new FormatError(
        `the text contains an unknown word, but the vocabulary has no unknown token "${this.#unkToken}"`,
        { code: "no-unknown-token" },
      );
    }
    return [{ id, value: known === undefined ? this.#unkToken : word, start: 0, end: word.length }];
  }

  appendIds(word: string, out: IdBuffer): void {
    out.push(this.tokenize(word)[0]!.id);
  }
}
