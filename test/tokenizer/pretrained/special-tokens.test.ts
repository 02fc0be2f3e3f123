/** Settings of special tokens × tokenizer classes: fixtures/tokenizers/generate_special_tokens.py. */
import assert from "node:assert/strict";
import test from "node:test";
import { FormatError, SentensorError } from "../../../src/errors.ts";
import { loadTokenizer } from "../../../src/tokenizer/load.ts";
import type { SpecialTokenName, Tokenizer } from "../../../src/tokenizer/tokenizer.ts";
import { allLines, type Files, fixture, folder, type Oracle } from "../folders.ts";

interface Result {
  /** Of the texts, and of both as a pair. */
  readonly ids: readonly (readonly number[])[];
  readonly types: readonly (readonly number[])[];
  readonly roles: { readonly [role: string]: string };
  /** null where the vocabulary has neither the token nor the unknown token. */
  readonly roleIds: { readonly [role: string]: number | null };
  readonly size: number;
}

interface SpecialTokens {
  readonly oracle: Oracle;
  readonly texts: readonly [string, string];
  /** Settings files; "$known" stands for a token of the vocabulary. */
  readonly settings: { readonly [name: string]: { readonly [file: string]: object } };
  /** null where the reference raises. */
  readonly results: readonly (Result | null)[];
  readonly cases: readonly {
    readonly config: { readonly tokenizer_class: string };
    readonly known: string;
    readonly files: Files;
    readonly expected: { readonly [setting: string]: number };
  }[];
}

const { oracle, texts, settings, results, cases } = fixture<SpecialTokens>("special-tokens.json.gz");

function described(tokenizer: Tokenizer): Result {
  const encodings = [
    tokenizer.encode(texts[0]),
    tokenizer.encode(texts[1]),
    tokenizer.encode(texts[0], { pair: texts[1] }),
  ];
  const roles = Object.entries(tokenizer.specialTokens).map(([role, token]) => ({
    role: role.replace("Token", "_token"),
    token,
    id: tokenizer[`${role as SpecialTokenName}Id`] ?? null,
  }));
  return {
    ids: encodings.map(({ inputIds }) => inputIds),
    types: encodings.map(({ tokenTypeIds }) => tokenTypeIds),
    roles: Object.fromEntries(roles.map(({ role, token }) => [role, token])),
    roleIds: Object.fromEntries(roles.map(({ role, id }) => [role, id])),
    size: tokenizer.vocabSize,
  };
}

/** Loading one takes milliseconds, and there are thousands: each class takes some settings unless all are asked for. */
const every = allLines ? 1 : 6;

for (const [caseIndex, { config: base, known, files, expected }] of cases.entries()) {
  const title = `${base.tokenizer_class} from ${Object.keys(files).join(", ")}`;
  test(`${title}: special tokens in every form are those of transformers ${oracle.transformers}`, async () => {
    for (const [settingIndex, [setting, result]] of Object.entries(expected).entries()) {
      if ((settingIndex + caseIndex) % every !== 0 && !/null$|^nothing/.test(setting)) continue;
      const text = JSON.stringify(settings[setting]).replaceAll("$known", known);
      const given = JSON.parse(text) as { readonly [file: string]: object };
      const config = { ...base, ...given["tokenizer_config.json"] };
      const source = folder({ ...files, ...given, "tokenizer_config.json": config });
      const wanted = results[result]!;
      if (wanted === null) {
        await assert.rejects(async () => described(await loadTokenizer(source)), SentensorError, setting);
        continue;
      }
      const tokenizer = await loadTokenizer(source);
      assert.deepEqual(described(tokenizer), wanted, setting);
      for (const [i, one] of texts.entries())
        assert.deepEqual(Array.from(tokenizer.encodeIds(one)), wanted.ids[i], setting);
    }
  });
}

test("a special token that a class cannot use is an error with a code, its name and its file", async () => {
  const wordPiece = { "tokenizer.json": { $path: "test/fixtures/tokenizers/wordpiece-uncased.json" } };
  const bytes = { "tokenizer.json": { $path: "test/fixtures/tokenizers/byte-level.json" } };
  const pieces = { "tokenizer.json": { $path: "test/fixtures/tokenizers/unigram.json" } };
  const plain = { content: "[CLS]", lstrip: false };
  const expected: readonly (readonly [Files, config: object, code: string, subject: string])[] = [
    [
      wordPiece,
      { tokenizer_class: "BertTokenizer", cls_token: "two words" },
      "invalid-special-token",
      "cls_token",
    ],
    [wordPiece, { tokenizer_class: "BertTokenizer", sep_token: "a:b" }, "invalid-special-token", "sep_token"],
    [wordPiece, { tokenizer_class: "BertTokenizer", cls_token: "$A" }, "invalid-special-token", "cls_token"],
    [wordPiece, { tokenizer_class: "BertTokenizer", cls_token: plain }, "invalid-value", "cls_token"],
    [wordPiece, { tokenizer_class: "BertTokenizer", pad_token: 0 }, "invalid-value", "pad_token"],
    ...([null, "[CLS]", 0, []] as const).map(
      (token) =>
        [
          wordPiece,
          { tokenizer_class: "BertTokenizer", added_tokens_decoder: { "4": token } },
          "invalid-value",
          "added_tokens_decoder.4",
        ] as const,
    ),
    ...([null, 0, []] as const).map(
      (token) =>
        [
          wordPiece,
          { tokenizer_class: "BertTokenizer", extra_special_tokens: ["a", token] },
          "invalid-value",
          "extra_special_tokens[1]",
        ] as const,
    ),
    [
      wordPiece,
      { tokenizer_class: "BertTokenizer", cls_token: "", unk_token: "" },
      "missing-special-token",
      "unk_token",
    ],
    [bytes, { tokenizer_class: "RobertaTokenizer", cls_token: null }, "missing-special-token", "cls_token"],
    [bytes, { tokenizer_class: "RobertaTokenizer", sep_token: null }, "missing-special-token", "sep_token"],
    [
      pieces,
      { tokenizer_class: "XLMRobertaTokenizer", bos_token: null },
      "missing-special-token",
      "bos_token",
    ],
    [
      pieces,
      { tokenizer_class: "XLMRobertaTokenizer", eos_token: "a:b" },
      "invalid-special-token",
      "eos_token",
    ],
    [
      pieces,
      { tokenizer_class: "CamembertTokenizer", eos_token: "two words" },
      "invalid-special-token",
      "eos_token",
    ],
    [pieces, { tokenizer_class: "T5Tokenizer", eos_token: null }, "missing-special-token", "eos_token"],
    [pieces, { tokenizer_class: "XLNetTokenizer", sep_token: null }, "missing-special-token", "sep_token"],
    [pieces, { tokenizer_class: "AlbertTokenizer", sep_token: "</s>" }, "missing-special-token", "cls_token"],
    [
      pieces,
      { tokenizer_class: "AlbertTokenizer", cls_token: "<s>", sep_token: null },
      "missing-special-token",
      "sep_token",
    ],
  ];
  for (const [files, config, code, subject] of expected) {
    await assert.rejects(loadTokenizer(folder({ ...files, "tokenizer_config.json": config })), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.deepEqual(
        [error.code, error.subject, error.file],
        [code, subject, "a folder/tokenizer_config.json"],
        error.message,
      );
      return true;
    });
  }
});
