/** Texts put in front of every text to encode, by name. */

import { ArgumentError, FormatError } from "../errors.ts";
import { isJsonObject, type JsonValue } from "../files/json-value.ts";
import { describe } from "../runtime/check-arguments.ts";

export type Prompts = Readonly<Record<string, string>>;

/** What every model for queries and documents has, as in the reference: their encoding finds its prompt. */
export const queryAndDocument: Prompts = { query: "", document: "" };

export interface PromptChoice {
  /** Put in front of every text; wins over `promptName`. */
  readonly prompt?: string | undefined;
  /** A key of the model's `prompts`. */
  readonly promptName?: string | undefined;
}

/**
 * The user's prompts win over those of the model's files. A default counts only where neither says
 * anything.
 */
export function mergePrompts(
  defaults: Prompts,
  user: Prompts | undefined,
  saved: Prompts | undefined,
): Prompts {
  return { ...defaults, ...saved, ...user };
}

/** Prompts, and the name of the one that is used by default. */
export interface PromptSettings {
  readonly prompts: Prompts | undefined;
  readonly defaultPromptName: string | undefined;
}

/** The user's settings win over those of the model's files. @throws ArgumentError for a default that is not there */
export function settlePrompts(
  defaults: Prompts,
  user: PromptSettings,
  saved: PromptSettings,
): PromptSettings & { readonly prompts: Prompts } {
  const prompts = mergePrompts(defaults, user.prompts, saved.prompts);
  const defaultPromptName = user.defaultPromptName ?? saved.defaultPromptName;
  if (defaultPromptName !== undefined) namedPrompt(prompts, "defaultPromptName", defaultPromptName);
  return { prompts, defaultPromptName };
}

/** The prompt that `encode` uses; null: none. @throws ArgumentError for a name that is not there. */
export function resolvePrompt(
  prompts: Prompts,
  defaultPromptName: string | null,
  { prompt, promptName }: PromptChoice,
): string | null {
  if (prompt !== undefined) {
    if (typeof prompt !== "string")
      throw new ArgumentError(`prompt: expected a string, got ${describe(prompt)}`, {
        subject: "prompt",
      });
    return prompt;
  }
  if (promptName !== undefined) return namedPrompt(prompts, "promptName", promptName);
  return defaultPromptName === null ? null : namedPrompt(prompts, "defaultPromptName", defaultPromptName);
}

/** @throws ArgumentError that lists the names there are. */
export function namedPrompt(prompts: Prompts, what: string, name: string): string {
  if (Object.hasOwn(prompts, name)) return prompts[name]!;
  throw new ArgumentError(
    `${what}: there is no prompt ${JSON.stringify(name)}; the model has ${
      Object.keys(prompts)
        .map((key) => JSON.stringify(key))
        .join(", ") || "none"
    }`,
    { code: "prompt-not-found", subject: name },
  );
}

/** @throws ArgumentError where `value` is not an object of strings. */
export function checkPrompts(value: unknown): Prompts {
  const problem = findProblem(value);
  if (problem !== null) throw new ArgumentError(`prompts: ${problem}`, { subject: "prompts" });
  return value as Prompts;
}

/** The `prompts` of config_sentence_transformers.json. */
export function readPrompts(value: JsonValue, file: string): Prompts | undefined {
  if (value === null) return undefined;
  const problem = findProblem(value);
  if (problem !== null)
    throw new FormatError(`"prompts": ${problem}`, { code: "invalid-value", subject: "prompts", file });
  return value as Prompts;
}

function findProblem(value: unknown): string | null {
  if (!isJsonObject(value)) {
    return `expected an object of prompts by name, found ${JSON.stringify(value)}`;
  }
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string")
      return `${JSON.stringify(name)}: expected a string, found ${JSON.stringify(text)}`;
  }
  return null;
}
