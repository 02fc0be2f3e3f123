/** `route_mappings` of a Router: from a task and a kind of input to a route. */
import { FormatError } from "../errors.ts";
import type { ConfigReader } from "../files/config-reader.ts";
import { quote } from "../files/quote.ts";

export interface RouteMapping {
  /** null: any. */
  readonly task: string | null;
  /** null: any. We only have "text". */
  readonly modality: string | null;
  readonly route: string;
}

/** A Python tuple of two, as `str()` prints it: ('query', None), (None, ('image', 'text')). */
const pair = /^\(\s*(None|'[^']*'|"[^"]*")\s*,\s*(None|'[^']*'|"[^"]*"|\(.*\))\s*\)$/;

/** @throws FormatError for keys that are not a Python tuple of task and modality. */
export function readRouteMappings(mappings: ConfigReader | null): readonly RouteMapping[] {
  if (mappings === null) return [];
  return mappings.keys().map((key) => {
    const match = pair.exec(key);
    if (match === null) {
      throw new FormatError(
        `"${mappings.path}": expected tuples of task and modality as keys, found ${quote(key)}`,
        { code: "invalid-value", subject: mappings.path, file: mappings.file },
      );
    }
    return { task: unquote(match[1]!), modality: unquote(match[2]!), route: mappings.string(key) };
  });
}

/** The same with keys as Python prints them. */
export function routeMappingsJson(mappings: readonly RouteMapping[]): Record<string, string> {
  return Object.fromEntries(
    mappings.map(({ task, modality, route }) => [`(${asPython(task)}, ${asPython(modality)})`, route]),
  );
}

function asPython(text: string | null): string {
  if (text === null) return "None";
  return text.startsWith("(") ? text : `'${text}'`;
}

function unquote(text: string): string | null {
  if (text === "None") return null;
  return text.startsWith("(") ? text : text.slice(1, -1);
}
