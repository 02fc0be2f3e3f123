import type { OptionNames } from "../runtime/check-options.ts";
import type { DownloadingEvent, HubOptions } from "./hub/options.ts";

/** Where a model of the hub comes from; models from elsewhere ignore all but `signal`. */
export interface SourceOptions
  extends Pick<
    HubOptions,
    "revision" | "token" | "cacheFolder" | "localFilesOnly" | "endpoint" | "showProgressBar"
  > {
  readonly progress?: ((event: DownloadingEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const sourceOptionNames: OptionNames<SourceOptions> = {
  revision: true,
  token: true,
  cacheFolder: true,
  localFilesOnly: true,
  endpoint: true,
  showProgressBar: true,
  progress: true,
  signal: true,
};
