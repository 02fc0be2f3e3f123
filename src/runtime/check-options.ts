/** Objects of options: what they may have is known by name, so that no misspelt option is read over. */

import { ArgumentError } from "../errors.ts";
import { describe, isFunction, isSignal } from "./check-arguments.ts";
import { optionHomes, optionMeanings, optionsThatAreNot } from "./option-meanings.ts";

/** Every option of `Options`, by name: the compiler reports one that is missing here, and one that does not exist. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * What was given of the options that exist, each read once: own, inherited or an accessor's. An option that is undefined
 * counts as not given, be it known or not.
 *
 * @throws ArgumentError for what is no object of options, for unknown options (it names the one that is meant), and for
 *   signals and callbacks that are none
 */
export function readOptions<Options extends object>(
  operation: string,
  options: Options,
  known: OptionNames<Options>,
): Options {
  if (!isOptionsObject(options)) {
    throw new ArgumentError(`${operation}: expected an object, got ${describe(options)}`);
  }
  const names: Readonly<Record<string, true>> = known;
  const given: Record<string, unknown> = {};
  for (const name in options) {
    const value = options[name];
    if (value === undefined) continue;
    if (names[name] === true) given[name] = checkKind(operation, name, value);
    // What a careless library adds to every object of the program is no option.
    else if (Object.hasOwn(options, name) || !(name in Object.prototype))
      reportUnknown(operation, name, names);
  }
  // Most options end here: reading all names of `encode` one by one took 5 µs, this 0.3 (2026-11-28, Node 20).
  const prototype: unknown = Object.getPrototypeOf(options);
  if (prototype === Object.prototype || prototype === null) return given as Options;
  // The accessors of classes are not enumerated.
  for (const name of Object.keys(names)) {
    if (Object.hasOwn(given, name)) continue;
    const value = options[name];
    if (value !== undefined) given[name] = checkKind(operation, name, value);
  }
  return given as Options;
}

interface Kind {
  readonly name: string;
  accepts(value: unknown): boolean;
}

const signalKind: Kind = { name: "an AbortSignal", accepts: isSignal };
const functionKind: Kind = { name: "a function", accepts: isFunction };

/** Options that are of one kind wherever there are such. */
const kinds: ReadonlyMap<string, Kind> = new Map([
  ["signal", signalKind],
  ["fetch", functionKind],
  ["onProgress", functionKind],
  ["onWarning", functionKind],
  ["progress", functionKind],
]);

function checkKind(operation: string, name: string, value: unknown): unknown {
  const kind = kinds.get(name);
  if (kind === undefined || kind.accepts(value)) return value;
  throw new ArgumentError(`${operation}: ${name}: expected ${kind.name}, got ${describe(value)}`, {
    subject: name,
  });
}

function reportUnknown(operation: string, name: string, known: Readonly<Record<string, true>>): never {
  throw new ArgumentError(`${operation}: unknown option ${JSON.stringify(name)}; ${hint(name, known)}`, {
    code: "unknown-option",
    subject: name,
  });
}

/** Maps, promises, typed arrays … have a tag; they are arguments in the wrong place, not options. */
function isOptionsObject(options: unknown): options is Readonly<Record<string, unknown>> {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const tag: unknown = Reflect.get(options, Symbol.toStringTag);
  return tag === undefined || tag === "Module";
}

function hint(name: string, known: Readonly<Record<string, true>>): string {
  const names = Object.keys(known);
  const bare = bareName(name);
  const meant =
    names.find((each) => bareName(each) === bare) ??
    entry(optionMeanings, bare)?.find((each) => known[each] === true);
  if (meant !== undefined) return `it is called "${meant}" here`;
  const reason = entry(optionsThatAreNot, bare);
  if (reason !== undefined) return reason;
  const meanings = [bare, ...(entry(optionMeanings, bare) ?? []).map(bareName)];
  const elsewhere = Object.keys(optionHomes).find((each) => meanings.includes(bareName(each)));
  if (elsewhere !== undefined) return `"${elsewhere}" is an option of ${optionHomes[elsewhere]}`;
  const near = nearest(name, names);
  if (near !== undefined) return `perhaps "${near}" is meant`;
  return names.length === 0 ? "there are none" : `known: ${names.join(", ")}`;
}

function entry<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Without what differs between snake_case, kebab-case and camelCase. */
function bareName(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}

/** The name that fewest typing errors lead to, where they are few for its length. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const each of names) {
    const errors = typingErrors(bareName(name), bareName(each));
    if (errors >= fewest || errors > Math.max(1, Math.floor(each.length / 4))) continue;
    best = each;
    fewest = errors;
  }
  return best;
}

/** Characters that are missing, wrong, too many, or swapped with their neighbour. */
function typingErrors(a: string, b: string): number {
  const distances = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1;
      const row = distances[i]!;
      const above = distances[i - 1]!;
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + differs);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, distances[i - 2]![j - 2]! + 1);
    }
  }
  return distances[a.length]![b.length]!;
}
