import { FormatError } from "../../errors.ts";
import type { ConfigReader } from "../../files/config-reader.ts";
import type { PostProcessor } from "../component.ts";
import { BertProcessing, type SpecialToken } from "../post-processors/bert-processing.ts";
import { ByteLevel } from "../post-processors/byte-level.ts";
import { RobertaProcessing } from "../post-processors/roberta-processing.ts";
import { Sequence } from "../post-processors/sequence.ts";
import { type TemplatePiece, TemplateProcessing } from "../post-processors/template-processing.ts";
import { type Constructors, construct } from "./construct.ts";
import { isTokenId, readTokenId } from "./token-id.ts";

const constructors: Constructors<PostProcessor> = {
  BertProcessing: (fields) =>
    new BertProcessing(readSpecialToken(fields, "sep"), readSpecialToken(fields, "cls")),
  ByteLevel: (fields) => new ByteLevel(fields.boolean("trim_offsets"), fields.boolean("add_prefix_space")),
  RobertaProcessing: (fields) =>
    new RobertaProcessing({
      sep: readSpecialToken(fields, "sep"),
      cls: readSpecialToken(fields, "cls"),
      trimOffsets: fields.boolean("trim_offsets"),
      addPrefixSpace: fields.boolean("add_prefix_space"),
    }),
  Sequence: (fields) => new Sequence(fields.objects("processors").map(readPostProcessor)),
  TemplateProcessing: (fields) => {
    const tokens = fields.object("special_tokens");
    const special = new Map<string, SpecialToken[]>();
    for (const name of tokens.keys()) special.set(name, readTemplateTokens(tokens.object(name)));
    return new TemplateProcessing(
      readTemplate(fields, "single", special),
      readTemplate(fields, "pair", special),
    );
  },
};

/** @throws UnsupportedError where its type is not known, FormatError where a field is wrong */
export function readPostProcessor(fields: ConfigReader): PostProcessor {
  return construct(constructors, fields, "post-processor");
}

function readSpecialToken(fields: ConfigReader, name: string): SpecialToken {
  const pair = fields.array(name);
  const [token, id] = pair;
  if (pair.length !== 2 || typeof token !== "string" || !isTokenId(id)) {
    throw fields.wrong(name, "a token and its id");
  }
  return [token, id];
}

function readTemplateTokens(fields: ConfigReader): SpecialToken[] {
  const ids = fields.array("ids");
  const names = fields.array("tokens");
  if (ids.length !== names.length) {
    throw fields.wrong("ids", `as many ids as there are tokens (${names.length})`);
  }
  return ids.map((id, i) => {
    const name = names[i]!;
    if (!isTokenId(id)) throw fields.wrong("ids", "token ids");
    if (typeof name !== "string") throw fields.wrong("tokens", "strings");
    return [name, id];
  });
}

function readTemplate(
  fields: ConfigReader,
  name: string,
  special: ReadonlyMap<string, readonly SpecialToken[]>,
): TemplatePiece[] {
  return fields.objects(name).map((piece) => {
    const [kind] = piece.keys();
    if (piece.keys().length !== 1 || (kind !== "Sequence" && kind !== "SpecialToken")) {
      throw new FormatError(`"${piece.path}": expected "Sequence" or "SpecialToken", found ${piece.keys()}`, {
        code: "invalid-value",
        subject: piece.path,
        file: piece.file,
      });
    }
    const inner = piece.object(kind);
    const typeId = readTokenId(inner, "type_id");
    if (kind === "Sequence") {
      const sequence = inner.oneOf("id", ["A", "B"]) === "A" ? 0 : 1;
      if (sequence === 1 && name === "single") throw inner.wrong("id", '"A", there is no other in "single"');
      return { sequence, typeId };
    }
    const tokens = special.get(inner.string("id"));
    if (tokens === undefined) throw inner.wrong("id", 'a name of "special_tokens"');
    return { tokens, typeId };
  });
}
