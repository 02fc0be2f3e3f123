import type { FormatError } from "../../errors.ts";
import { ConfigReader } from "../../files/config-reader.ts";
import { isJsonObject, type JsonValue } from "../../files/json-value.ts";
import type { AddedToken } from "../added-vocabulary.ts";
import { readAddedTokens, readContent } from "../json/from-json.ts";
import { isTokenId, readTokenId } from "../json/token-id.ts";
import type { SpecialTokenName } from "../tokenizer.ts";

/** The names that tokenizer_config.json has for the tokens with a role, in the reference's order. */
export const SPECIAL_TOKEN_FIELDS: readonly (readonly [field: string, name: SpecialTokenName])[] = [
  ["bos_token", "bosToken"],
  ["eos_token", "eosToken"],
  ["unk_token", "unkToken"],
  ["sep_token", "sepToken"],
  ["pad_token", "padToken"],
  ["cls_token", "clsToken"],
  ["mask_token", "maskToken"],
];

/** Tokens with a role. */
export type SpecialTokens = { readonly [name in SpecialTokenName]?: AddedToken | string };

/** What the settings say of one special token: nothing, that there is none, or which. */
export type SpecialTokenSetting = AddedToken | string | null | undefined;

/** The small files beside a vocabulary, parsed. */
export interface SettingsFiles {
  readonly tokenizerConfig: ConfigReader;
  readonly specialTokensMap: ConfigReader | null;
  readonly addedTokens: ConfigReader | null;
  readonly tokenizerJson: ConfigReader | null;
}

/**
 * tokenizer_config.json, special_tokens_map.json and added_tokens.json as one, as transformers 5 merges them
 * (PreTrainedTokenizerBase._from_pretrained).
 */
export class PretrainedSettings {
  /** tokenizer_config.json. */
  readonly config: ConfigReader;
  /** Tokens to add, by ascending id. */
  readonly addedTokens: readonly AddedToken[];
  /** Special tokens without one of the seven roles. */
  readonly extraSpecialTokens: readonly (AddedToken | string)[];
  /** Whether the settings have a list of those, be it empty. */
  readonly declaresExtraSpecialTokens: boolean;
  readonly #special: ReadonlyMap<string, AddedToken | string | null>;

  constructor({ tokenizerConfig, specialTokensMap, addedTokens, tokenizerJson }: SettingsFiles) {
    this.config = tokenizerConfig;
    const special = new Map<string, AddedToken | string | null>();
    let extra: (AddedToken | string)[] = [];
    let declares = false;
    /** What special_tokens_map.json may still replace. */
    const wrong = new Map<string, FormatError>();
    const read = (fields: ConfigReader, isMap: boolean) => {
      for (const name of fields.keys()) {
        if (name === "extra_special_tokens" || name === "additional_special_tokens") continue;
        const isRole = SPECIAL_TOKEN_FIELDS.some(([field]) => field === name);
        if (!isRole && !(name.endsWith("_token") && isToken(fields.get(name), isMap))) continue;
        wrong.delete(name);
        if (!isMap && fields.get(name) !== null && !isToken(fields.get(name), isMap)) {
          const expected = 'a token: a string, or an object with "__type": "AddedToken"';
          wrong.set(name, fields.wrong(name, expected));
          continue;
        }
        special.set(name, readToken(fields, name, isMap || isRole));
      }
      const field = isTruthy(fields.get("extra_special_tokens"))
        ? "extra_special_tokens"
        : "additional_special_tokens";
      if (Array.isArray(fields.get(field))) declares = true;
      if (isTruthy(fields.get(field))) extra = mergeExtra(extra, fields, field, special);
    };
    read(tokenizerConfig, false);

    const byId = new Map<number, AddedToken>();
    if (tokenizerConfig.hasOwn("added_tokens_decoder")) {
      const decoder = tokenizerConfig.object("added_tokens_decoder");
      for (const key of decoder.keys()) {
        const id = Number(key);
        if (!isTokenId(id)) throw decoder.wrong(key, "a token id as the key");
        byId.set(id, readTokenObject(decoder.object(key), false));
      }
    } else {
      if (specialTokensMap !== null) read(specialTokensMap, true);
      if (addedTokens !== null) {
        const names = new Set([...special.values(), ...extra].map(contentOf));
        for (const content of addedTokens.keys()) {
          const isSpecial = names.has(content);
          byId.set(
            readTokenId(addedTokens, content),
            plainToken(content, { special: isSpecial, normalized: !isSpecial }),
          );
        }
      }
      if (tokenizerJson?.hasOwn("added_tokens")) {
        const ids = tokenizerJson.objects("added_tokens").map((fields) => readTokenId(fields, "id"));
        for (const [i, token] of readAddedTokens(tokenizerJson).entries()) byId.set(ids[i]!, token);
      }
    }

    for (const error of wrong.values()) throw error;

    const byContent = new Map(Array.from(byId.values(), (token) => [token.content, token]));
    for (const [name, token] of special) {
      const known = byContent.get(contentOf(token) ?? "");
      if (token !== null && known !== undefined && SPECIAL_TOKEN_FIELDS.some(([field]) => field === name)) {
        special.set(name, known);
      }
    }
    this.addedTokens = [...byId].sort(([a], [b]) => a - b).map(([, token]) => token);
    this.extraSpecialTokens = extra;
    this.declaresExtraSpecialTokens = declares;
    this.#special = special;
  }

  /** What the files say of a token with a role. */
  specialToken(field: string): SpecialTokenSetting {
    return this.#special.get(field);
  }

  /** Tokens under names of their own, such as `image_token`. */
  namedSpecialTokens(): (AddedToken | string)[] {
    const tokens: (AddedToken | string)[] = [];
    for (const [name, token] of this.#special) {
      if (token !== null && !SPECIAL_TOKEN_FIELDS.some(([field]) => field === name)) tokens.push(token);
    }
    return tokens;
  }
}

/** An added token with the reference's defaults, overridden by `flags`. */
export function plainToken(content: string, flags: Partial<AddedToken> = {}): AddedToken {
  const special = flags.special ?? false;
  return {
    content,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: !special,
    ...flags,
    special,
  };
}

export function contentOf(token: AddedToken | string | null | undefined): string | undefined {
  return typeof token === "object" ? token?.content : token;
}

/** A string as an added token with flags. */
export function asAddedToken(token: SpecialTokenSetting, flags: { readonly lstrip?: boolean } = {}) {
  return typeof token === "string" ? plainToken(token, { special: true, ...flags }) : token;
}

/** The special tokens of the settings; those that they do not mention as the class has them. */
export function tokensOf(
  settings: PretrainedSettings,
  defaults: { readonly [field: string]: string | undefined },
): SpecialTokens {
  return definedTokens(
    Object.fromEntries(
      SPECIAL_TOKEN_FIELDS.map(([field, name]) => [
        name,
        orDefault(settings.specialToken(field), defaults[field]),
      ]),
    ),
  );
}

/** The same, with a mask token that takes the space before it along unless it has flags of its own. */
export function tokensWithMask(
  settings: PretrainedSettings,
  defaults: { readonly [field: string]: string | undefined },
): SpecialTokens {
  const tokens = tokensOf(settings, { ...defaults, mask_token: "<mask>" });
  return definedTokens({ ...tokens, maskToken: asAddedToken(tokens.maskToken, { lstrip: true }) });
}

/** The token that the settings name (null where they say that there is none), else the class's. */
function orDefault<T extends SpecialTokenSetting>(setting: SpecialTokenSetting, otherwise: T) {
  return setting === undefined ? otherwise : setting;
}

/** Leaves out the roles that have no token. */
export function definedTokens(tokens: { readonly [name: string]: SpecialTokenSetting }): SpecialTokens {
  return Object.fromEntries(
    Object.entries(tokens).filter(([, token]) => token !== null && token !== undefined),
  );
}

/** Objects are tokens in special_tokens_map.json; in tokenizer_config.json, where they say so. */
function isToken(value: JsonValue, isMap: boolean): boolean {
  if (typeof value === "string") return true;
  return isJsonObject(value) && (isMap || value.__type === "AddedToken");
}

function isTruthy(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isJsonObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** A token as a string, as an object with flags, or null. @param special whether it is special whatever it says */
function readToken(fields: ConfigReader, name: string, special: boolean): AddedToken | string | null {
  const value = fields.get(name);
  return value === null || typeof value === "string" ? value : readTokenObject(fields.object(name), special);
}

function readTokenObject(token: ConfigReader, special: boolean): AddedToken {
  const content = token.get("content") === null ? "" : readContent(token);
  const isSpecial = special || token.boolean("special", false);
  return {
    content,
    singleWord: token.boolean("single_word", false),
    lstrip: token.boolean("lstrip", false),
    rstrip: token.boolean("rstrip", false),
    normalized: token.boolean("normalized", !isSpecial),
    special: isSpecial,
  };
}

/** Adds the extra special tokens of one file: a list, or an object of names, which become named tokens. */
function mergeExtra(
  known: readonly (AddedToken | string)[],
  fields: ConfigReader,
  name: string,
  named: Map<string, AddedToken | string | null>,
): (AddedToken | string)[] {
  const value = fields.get(name);
  if (!Array.isArray(value)) {
    const tokens = fields.object(name);
    for (const key of tokens.keys()) named.set(key, readToken(tokens, key, true));
    return [...known];
  }
  const extra = [...known];
  for (const [i, item] of value.entries()) {
    const path = `${fields.pathOf(name)}[${i}]`;
    const token =
      typeof item === "string" ? item : readTokenObject(new ConfigReader(item, fields.file, { path }), true);
    if (!extra.some((other) => contentOf(other) === contentOf(token))) extra.push(token);
  }
  return extra;
}
