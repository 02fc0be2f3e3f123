import { ArgumentError } from "../errors.ts";
import { quote } from "../files/quote.ts";

/** The file formats that embeddings are stored in, by their file extensions. */
export type EmbeddingFormat = "safetensors" | "npy" | "jsonl";

const formats: readonly EmbeddingFormat[] = ["safetensors", "npy", "jsonl"];

/** @throws ArgumentError for an unknown one */
export function checkFormat(format: EmbeddingFormat, operation: string): EmbeddingFormat {
  if (formats.includes(format)) return format;
  throw new ArgumentError(
    `${operation}: expected safetensors, npy or jsonl as format, got ${quote(String(format))}`,
    { code: "unknown-format", subject: "format" },
  );
}

/** The format that a file's name ends with. @throws ArgumentError for every other name */
export function formatOf(file: string, operation: string): EmbeddingFormat {
  const format = formats.find((each) => file.toLowerCase().endsWith(`.${each}`));
  if (format !== undefined) return format;
  throw new ArgumentError(
    `${operation}: expected a file name that ends with .safetensors, .npy or .jsonl, got ${quote(file)}`,
    { code: "unknown-format", subject: "file" },
  );
}
