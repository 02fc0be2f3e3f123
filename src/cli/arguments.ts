/** What the commands' arguments have in common. */
import type { LoadOptions } from "../base-model/load-options.ts";
import type { Context } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** For `parseArgs`: options of every command that loads a model. */
export const modelOptions = {
  revision: { type: "string" },
  "cache-folder": { type: "string" },
  "local-files-only": { type: "boolean" },
} as const;

export const modelHelp = `  --revision NAME      branch, tag or commit of a model of the hub
  --cache-folder DIR   where downloaded models are kept
  --local-files-only   download nothing`;

/** For `parseArgs`: options of every command that computes. */
export const computeOptions = {
  ...modelOptions,
  backend: { type: "string" },
  threads: { type: "string" },
  "max-seq-length": { type: "string" },
} as const;

export const computeHelp = `  --max-seq-length N   cut texts to N tokens
  --backend NAME       which kernels compute: wasm or js (default: the fastest that works)
  --threads N          how many threads compute (default: as many as the machine offers)
${modelHelp}`;

export interface ModelValues {
  readonly revision?: string | undefined;
  readonly "cache-folder"?: string | undefined;
  readonly "local-files-only"?: boolean | undefined;
}

export interface ComputeValues extends ModelValues {
  readonly backend?: string | undefined;
  readonly threads?: string | undefined;
  readonly "max-seq-length"?: string | undefined;
}

type SourceOptions = Pick<
  LoadOptions,
  "revision" | "cacheFolder" | "localFilesOnly" | "showProgressBar" | "signal"
>;

export function sourceOptions(values: ModelValues, { signal }: Context): SourceOptions {
  return {
    revision: values.revision,
    cacheFolder: values["cache-folder"],
    localFilesOnly: values["local-files-only"],
    showProgressBar: true,
    signal,
  };
}

export function loadOptions(values: ComputeValues, context: Context): LoadOptions {
  return {
    ...sourceOptions(values, context),
    backend: oneOf("--backend", values.backend, ["wasm", "js"]),
    threads: wholeNumber("--threads", values.threads),
    maxSeqLength: wholeNumber("--max-seq-length", values["max-seq-length"]),
  };
}

export function wholeNumber(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) {
    throw new UsageError(`${option}: expected a whole number from 1 on, got "${value}"`, { subject: option });
  }
  return Number(value);
}

export function oneOf<T extends string>(
  option: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: expected ${known.join(", ")}, got "${value}"`, { subject: option });
}
