import { FormatError } from "../../errors.ts";
import { ConfigReader } from "../../files/config-reader.ts";
import type { VocabularyFile } from "../../files/model-files.ts";
import { parseJson } from "../../files/read-json.ts";
import { decodeUtf8 } from "../../files/utf8.ts";
import { readVocabulary as readJsonVocabulary, readMerges } from "../json/models.ts";
import { BPE } from "../models/bpe.ts";
import type { Vocabulary } from "../models/vocabulary.ts";
import type { VocabularyFiles } from "./pretrained-class.ts";
import { readVocabulary } from "./vocabulary-source.ts";

const VOCAB_FILE = "vocab.json";
const MERGES_FILE = "merges.txt";

/** The files of byte-level vocabularies without tokenizer.json. */
export const BPE_FILES: readonly VocabularyFile[] = [VOCAB_FILE, MERGES_FILE];

/**
 * The model as transformers' byte-level classes build it: tokens and merges of tokenizer.json, or of vocab.json
 * and merges.txt; no unknown token.
 * @throws FormatError where a file is broken.
 */
export function readBpeModel(files: VocabularyFiles): BPE {
  const [vocabulary, merges] = files.tokenizerJson === null ? ofOwnFiles(files) : ofTokenizerJson(files);
  return new BPE({
    vocabulary,
    merges,
    unkToken: null,
    continuingSubwordPrefix: null,
    endOfWordSuffix: null,
    fuseUnk: false,
    byteFallback: false,
    ignoreMerges: false,
  });
}

type Parts = [Vocabulary, (readonly [string, string])[]];

function ofTokenizerJson(files: VocabularyFiles): Parts {
  const model = files.tokenizerJson!.object("model");
  return [readVocabulary(files, VOCAB_FILE), model.hasOwn("merges") ? readMerges(model) : []];
}

function ofOwnFiles({ own }: VocabularyFiles): Parts {
  const vocab = parseJson(own.get(VOCAB_FILE)!, VOCAB_FILE);
  return [
    readJsonVocabulary(new ConfigReader({ vocab }, VOCAB_FILE)),
    mergesOfLines(decodeUtf8(own.get(MERGES_FILE)!, "the text", MERGES_FILE)),
  ];
}

/** One merge a line; lines that begin with #version do not count. */
function mergesOfLines(text: string): (readonly [string, string])[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const merges: [string, string][] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("#version")) continue;
    const [left, right, ...more] = (line.endsWith("\r") ? line.slice(0, -1) : line).split(" ");
    if (left === undefined || right === undefined || more.length > 0) {
      throw new FormatError(`line ${index + 1}: expected two tokens with one space between`, {
        code: "invalid-merges",
        file: MERGES_FILE,
      });
    }
    merges.push([left, right]);
  }
  return merges;
}
