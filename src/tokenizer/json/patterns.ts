import type { ConfigReader } from "../../files/config-reader.ts";
import { type Pattern, RegexPattern, StringPattern } from "../regex/pattern.ts";
import { SPLIT_BEHAVIORS, type SplitBehavior } from "../text/split.ts";

/** A pattern: `{ "String": … }` or `{ "Regex": … }`. */
export function readPattern(fields: ConfigReader, name: string): Pattern {
  const pattern = fields.object(name);
  const [kind] = pattern.keys();
  if (pattern.keys().length !== 1 || (kind !== "String" && kind !== "Regex")) {
    throw fields.wrong(name, '{ "String": … } or { "Regex": … }');
  }
  return kind === "String" ? new StringPattern(pattern.string(kind)) : new RegexPattern(pattern.string(kind));
}

export function readBehavior(fields: ConfigReader, otherwise?: SplitBehavior): SplitBehavior {
  return fields.oneOf("behavior", SPLIT_BEHAVIORS, otherwise);
}
