/** `route_mappings` of a Router: from a task and a kind of input to a route. */
import { FormatError } from "../errors.ts";

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
export function readRouteMappings(value: unknown, file: string): readonly RouteMapping[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new FormatError(`"route_mappings": expected an object, found ${JSON.stringify(value)}`, {
      code: "invalid-value",
      subject: "route_mappings",
      file,
    });
  }
  return Object.entries(value).map(([key, route]) => {
    const match = pair.exec(key);
    if (match === null || typeof route !== "string") {
      throw new FormatError(
        `"route_mappings": expected a tuple of task and modality with a route, found ${JSON.stringify(key)}: ${JSON.stringify(route)}`,
        { code: "invalid-value", subject: "route_mappings", file },
      );
    }
    return { task: unquote(match[1]!), modality: unquote(match[2]!), route };
  });
}

/** The same with keys as Python prints them. */
export function routeMappingsJson(mappings: readonly RouteMapping[]): Record<string, string> {
  return Object.fromEntries(
    mappings.map(({ task, modality, route }) => [`(${quote(task)}, ${quote(modality)})`, route]),
  );
}

function quote(text: string | null): string {
  if (text === null) return "None";
  return text.startsWith("(") ? text : `'${text}'`;
}

function unquote(text: string): string | null {
  if (text === "None") return null;
  return text.startsWith("(") ? text : text.slice(1, -1);
}
