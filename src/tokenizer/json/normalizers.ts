import type { ConfigReader } from "../../files/config-reader.ts";
import type { Normalizer } from "../component.ts";
import { BertNormalizer } from "../normalizers/bert-normalizer.ts";
import { ByteLevel } from "../normalizers/byte-level.ts";
import { Lowercase } from "../normalizers/lowercase.ts";
import { NFC } from "../normalizers/nfc.ts";
import { NFD } from "../normalizers/nfd.ts";
import { NFKC } from "../normalizers/nfkc.ts";
import { NFKD } from "../normalizers/nfkd.ts";
import { Nmt } from "../normalizers/nmt.ts";
import { Precompiled } from "../normalizers/precompiled.ts";
import { Prepend } from "../normalizers/prepend.ts";
import { Replace } from "../normalizers/replace.ts";
import { Sequence } from "../normalizers/sequence.ts";
import { Strip } from "../normalizers/strip.ts";
import { StripAccents } from "../normalizers/strip-accents.ts";
import { type Constructors, construct } from "./construct.ts";
import { readPattern } from "./patterns.ts";

const constructors: Constructors<Normalizer> = {
  BertNormalizer: (fields) =>
    new BertNormalizer({
      cleanText: fields.boolean("clean_text"),
      handleChineseChars: fields.boolean("handle_chinese_chars"),
      stripAccents: fields.nullableBoolean("strip_accents"),
      lowercase: fields.boolean("lowercase"),
    }),
  ByteLevel: () => new ByteLevel(),
  Lowercase: () => new Lowercase(),
  NFC: () => new NFC(),
  NFD: () => new NFD(),
  NFKC: () => new NFKC(),
  NFKD: () => new NFKD(),
  Nmt: () => new Nmt(),
  Precompiled: (fields) => new Precompiled(readCharsmap(fields)),
  Prepend: (fields) => new Prepend(fields.string("prepend")),
  Replace: (fields) => new Replace(readPattern(fields, "pattern"), fields.string("content")),
  Sequence: (fields) => new Sequence(fields.objects("normalizers").map(readNormalizer)),
  Strip: (fields) => new Strip(fields.boolean("strip_left"), fields.boolean("strip_right")),
  StripAccents: () => new StripAccents(),
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readNormalizer(fields: ConfigReader): Normalizer {
  return construct(constructors, fields, "normalizer");
}

/** The bytes of `precompiled_charsmap`. */
export function readCharsmap(fields: ConfigReader): Uint8Array {
  const encoded = fields.string("precompiled_charsmap");
  let binary: string;
  try {
    binary = atob(encoded);
  } catch {
    throw fields.wrong("precompiled_charsmap", "base64");
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
