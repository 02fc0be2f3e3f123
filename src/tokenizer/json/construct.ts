import { FormatError, UnsupportedError } from "../../errors.ts";
import type { ConfigReader } from "../../files/config-reader.ts";

/** Sequences of sequences beyond this are refused. */
const DEEPEST = 64;

/** Makes a component of its fields, by the JSON's `type`. */
export type Constructors<T> = { readonly [type: string]: (fields: ConfigReader) => T };

/** @throws UnsupportedError where the type is not known */
export function construct<T>(constructors: Constructors<T>, fields: ConfigReader, kind: string): T {
  const type = fields.string("type");
  const make = Object.hasOwn(constructors, type) ? constructors[type] : undefined;
  if (make === undefined) {
    throw new UnsupportedError(`"${fields.path}": unsupported ${kind} "${type}"`, {
      code: "unknown-tokenizer-component",
      subject: type,
      file: fields.file,
    });
  }
  if (fields.path.split(".").length > DEEPEST) {
    throw new FormatError(`"${fields.path.slice(0, 80)}…": nested too deeply`, {
      code: "nested-too-deeply",
      file: fields.file,
    });
  }
  return make(fields);
}

/** One character, as a string. */
export function character(fields: ConfigReader, name: string): string {
  const value = fields.string(name);
  if (value === "" || Array.from(value).length !== 1) throw fields.wrong(name, "one character");
  return value;
}
