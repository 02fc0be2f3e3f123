import { ArgumentError } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import { describe } from "../../runtime/check-arguments.ts";
import { originalModels } from "./original-models.ts";

const DEFAULT_ORGANIZATION = "sentence-transformers";

/** huggingface_hub 1.33, utils/_validators.py, REPO_ID_REGEX. */
const PATTERN = /^(?:\b[\w.-]{1,96}\b\/)?\b[\w.-]{1,96}\b$/;

/**
 * What the hub calls a model that a user calls `name`: "all-MiniLM-L6-v2" →
 * "sentence-transformers/all-MiniLM-L6-v2". Full names stay as they are.
 *
 * @throws ArgumentError where it cannot be a name on the hub
 */
export function resolveModelName(name: string): string {
  const problem = modelNameProblem(name);
  if (problem !== undefined) {
    throw new ArgumentError(`a model on the hub is called "name" or "organization/name"; ${problem}`, {
      code: "invalid-model-name",
    });
  }
  const isShort = !name.includes("/") && !originalModels.has(name.toLowerCase());
  return isShort ? `${DEFAULT_ORGANIZATION}/${name}` : name;
}

/** Why the hub can have no model of this name; undefined where it can. The rules are huggingface_hub's. */
export function modelNameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `got ${describe(name)}`;
  const shown = quote(name);
  if (name.split("/").length > 2) return `${shown} has more than one "/"`;
  if (!PATTERN.test(name)) {
    return `${shown} has to consist of up to 96 of the characters A-Z a-z 0-9 - _ . and begin and end with none of "-" and "."`;
  }
  if (name.includes("--") || name.includes("..")) return `${shown} contains "--" or ".."`;
  if (name.endsWith(".git")) return `${shown} ends with ".git"`;
  return undefined;
}
