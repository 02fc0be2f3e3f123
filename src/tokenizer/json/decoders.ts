import type { ConfigReader } from "../../files/config-reader.ts";
import type { Decoder } from "../component.ts";
import { BPEDecoder } from "../decoders/bpe-decoder.ts";
import { ByteFallback } from "../decoders/byte-fallback.ts";
import { ByteLevel } from "../decoders/byte-level.ts";
import { CTC } from "../decoders/ctc.ts";
import { Fuse } from "../decoders/fuse.ts";
import { Metaspace } from "../decoders/metaspace.ts";
import { Replace } from "../decoders/replace.ts";
import { Sequence } from "../decoders/sequence.ts";
import { Strip } from "../decoders/strip.ts";
import { WordPiece } from "../decoders/word-piece.ts";
import { type Constructors, character, construct } from "./construct.ts";
import { readPattern } from "./patterns.ts";
import { readPrependScheme } from "./pre-tokenizers.ts";

const constructors: Constructors<Decoder> = {
  BPEDecoder: (fields) => new BPEDecoder(fields.string("suffix")),
  ByteFallback: () => new ByteFallback(),
  ByteLevel: () => new ByteLevel(),
  CTC: (fields) =>
    new CTC(fields.string("pad_token"), fields.string("word_delimiter_token"), fields.boolean("cleanup")),
  Fuse: () => new Fuse(),
  Metaspace: (fields) => new Metaspace(character(fields, "replacement"), readPrependScheme(fields)),
  Replace: (fields) => new Replace(readPattern(fields, "pattern"), fields.string("content")),
  Sequence: (fields) => new Sequence(fields.objects("decoders").map(readDecoder)),
  Strip: (fields) => new Strip(character(fields, "content"), fields.integer("start"), fields.integer("stop")),
  WordPiece: (fields) => new WordPiece(fields.string("prefix"), fields.boolean("cleanup")),
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readDecoder(fields: ConfigReader): Decoder {
  return construct(constructors, fields, "decoder");
}
