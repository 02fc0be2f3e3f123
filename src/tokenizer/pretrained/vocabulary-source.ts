import { decodeUtf8 } from "../../files/utf8.ts";
import { readVocabulary as readJsonVocabulary } from "../json/models.ts";
import { Vocabulary } from "../models/vocabulary.ts";
import { whiteSpace } from "../unicode/categories.ts";
import type { VocabularyFiles } from "./pretrained-class.ts";

/**
 * The vocabulary of a model of tokens with ids: tokenizer.json's, or one token a line in `path`.
 * @throws FormatError where the file is broken.
 */
export function readVocabulary({ tokenizerJson, own }: VocabularyFiles, path: string): Vocabulary {
  if (tokenizerJson !== null) {
    const model = tokenizerJson.object("model");
    if (!Array.isArray(model.get("vocab"))) return readJsonVocabulary(model);
    const tokens = model.array("vocab").map((item) => {
      const token = Array.isArray(item) ? item[0] : item;
      if (typeof token !== "string") throw model.wrong("vocab", "tokens");
      return token;
    });
    return Vocabulary.numbered(tokens);
  }
  return vocabularyOfLines(own.get(path)!, path);
}

/** One token a line; its id is the number of its line. White space at the end of a line does not count. */
function vocabularyOfLines(bytes: Uint8Array, file: string): Vocabulary {
  const lines = decodeUtf8(bytes, "the text", file).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return Vocabulary.numbered(lines.map(trimEnd));
}

function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && whiteSpace.has(line.charCodeAt(end - 1))) end--;
  return line.slice(0, end);
}
