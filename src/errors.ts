/**
 * The errors that this package throws on purpose. The class says whose fault it is, `code` which way of being wrong it
 * is; the message names the operation or the file, then what was expected, then what was got (arguments) or found
 * (files).
 */
import { brandClass } from "./brand.ts";
import { type ErrorCode, errorCodes } from "./error-codes.ts";

export interface SentensorErrorOptions extends ErrorOptions {
  /** By default the general code of the class. */
  readonly code?: ErrorCode;
  /** The option, setting or component that the error is about, as the caller or the file spells it. */
  readonly subject?: string | undefined;
}

/** Classes by name, for errors that travel between threads. */
const classes = new Map<string, { readonly prototype: SentensorError }>();

/** Of a class's prototype: its name, and the code of its errors unless they state another. */
const KIND = Symbol.for("sentensor.error");
const GENERAL_CODE = Symbol("general code");

/** Brands a class of errors, and gives it the code that its errors have unless they state another. */
export function declareErrorClass(
  errorClass: { readonly prototype: SentensorError },
  name: string,
  code: ErrorCode,
): void {
  const { prototype } = errorClass;
  brandClass(errorClass, name);
  classes.set(name, errorClass);
  Object.defineProperty(prototype, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(prototype, KIND, { value: name });
  Object.defineProperty(prototype, GENERAL_CODE, { value: code });
}

/** The name of the nearest class of this package that an error belongs to. */
export function errorKind(error: Error): string | undefined {
  return Reflect.get(error, KIND);
}

/** The prototype of such a class, in this copy of the package. */
export function errorPrototype(kind: string): SentensorError | undefined {
  return classes.get(kind)?.prototype;
}

/** The base of all errors below: `error instanceof SentensorError` separates ours from bugs. */
export class SentensorError extends Error {
  /** Every `code` that an error of this package may have. */
  static readonly codes: readonly ErrorCode[] = Object.freeze(Object.keys(errorCodes) as ErrorCode[]);

  /** A stable string to branch on: one of `SentensorError.codes`. */
  readonly code: ErrorCode;
  /** The option, setting or component that the error is about, as the caller or the file spells it. */
  declare readonly subject?: string;

  static {
    declareErrorClass(SentensorError, "SentensorError", "unsupported");
  }

  constructor(message: string, options?: SentensorErrorOptions) {
    super(message, options);
    this.code = options?.code ?? (Reflect.get(this, GENERAL_CODE) as ErrorCode);
    if (options?.subject !== undefined) this.subject = options.subject;
  }
}

/** The caller passed a value that this operation cannot take: wrong type, out of range, unknown name. */
export class ArgumentError extends SentensorError {
  static {
    declareErrorClass(ArgumentError, "ArgumentError", "invalid-argument");
  }
}

/** The caller combined tensors whose shapes, dtypes or backends do not match. */
export class ShapeError extends ArgumentError {
  static {
    declareErrorClass(ShapeError, "ShapeError", "shape-mismatch");
  }
}

/** A file (or bytes that came from one) breaks the rules of its format, or does not match its neighbours. */
export class FormatError extends SentensorError {
  /** The file, as the user would name it. */
  readonly file: string | undefined;

  static {
    declareErrorClass(FormatError, "FormatError", "invalid-file");
  }

  constructor(message: string, options?: SentensorErrorOptions & { readonly file?: string }) {
    super(options?.file === undefined ? message : `${options.file}: ${message}`, options);
    this.file = options?.file;
  }
}

/** A file that is needed is not there, or cannot be read. */
export class FileError extends SentensorError {
  readonly file: string;

  static {
    declareErrorClass(FileError, "FileError", "file-error");
  }

  constructor(file: string, message: string, options?: SentensorErrorOptions) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/** The input is well formed, but asks for something that this package or this runtime does not do. */
export class UnsupportedError extends SentensorError {
  /** The file that asks for it, as the user would name it. */
  declare readonly file?: string;

  static {
    declareErrorClass(UnsupportedError, "UnsupportedError", "unsupported");
  }

  constructor(message: string, options?: SentensorErrorOptions & { readonly file?: string }) {
    super(options?.file === undefined ? message : `${options.file}: ${message}`, options);
    if (options?.file !== undefined) this.file = options.file;
  }
}
