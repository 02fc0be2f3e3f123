/**
 * The errors that this package throws on purpose. The class says whose fault it is; the message names
 * the operation or the file, then what was expected, then what was found. This file imports nothing.
 */

/** The base of all errors below: `error instanceof SentensorError` separates ours from bugs. */
export class SentensorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The caller passed a value that this operation cannot take: wrong type, out of range, unknown name. */
export class ArgumentError extends SentensorError {}

/** The caller combined tensors whose shapes, dtypes or backends do not fit each other. */
export class ShapeError extends ArgumentError {}

/** A file (or bytes that came from one) breaks the rules of its format, or does not fit its neighbours. */
export class FormatError extends SentensorError {
  /** The file, as the user would name it. */
  readonly file: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly file?: string }) {
    super(options?.file === undefined ? message : `${options.file}: ${message}`, options);
    this.file = options?.file;
  }
}

/** A file that is needed is not there, or cannot be read. */
export class FileError extends SentensorError {
  readonly file: string;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/** The input is well formed, but asks for something that this package or this runtime does not do. */
export class UnsupportedError extends SentensorError {}
