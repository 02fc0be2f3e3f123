import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ArgumentError } from "../../errors.ts";
import type { HubOptions } from "./options.ts";
import { checkEndpoint, checkToken, DEFAULT_ENDPOINT } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface NodeSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cacheFolder: string;
  readonly token: string | undefined;
  /** What switched downloads off; undefined: nothing did. */
  readonly offlineBecause: string | undefined;
  readonly symlinks: boolean;
  readonly progressBars: boolean;
  /** In milliseconds; undefined: nobody chose. */
  readonly answerTimeout: number | undefined;
  readonly stallTimeout: number | undefined;
}

/**
 * What options and environment ask for. Options win. The variables are those of huggingface_hub 1.33
 * (constants.py, utils/_auth.py), before them SENTENCE_TRANSFORMERS_HOME.
 *
 * @throws ArgumentError
 */
export async function readSettings(options: HubOptions, environment: Environment): Promise<NodeSettings> {
  const variables = new Variables(environment);
  const home = variables.folder("HF_HOME") ?? join(variables.cacheHome(), "huggingface");
  const cacheFolder =
    options.cacheFolder ??
    variables.folder("SENTENCE_TRANSFORMERS_HOME") ??
    variables.folder("HF_HUB_CACHE") ??
    variables.folder("HUGGINGFACE_HUB_CACHE") ??
    join(home, "hub");
  return {
    endpoint: checkEndpoint(options.endpoint ?? variables.text("HF_ENDPOINT") ?? DEFAULT_ENDPOINT),
    cacheFolder: checkFolder(cacheFolder, variables),
    token: await findToken(options, variables, home),
    offlineBecause: offlineBecause(options, variables),
    symlinks: !variables.isTrue("HF_HUB_DISABLE_SYMLINKS"),
    progressBars: !variables.isTrue("HF_HUB_DISABLE_PROGRESS_BARS"),
    answerTimeout: variables.milliseconds("HF_HUB_ETAG_TIMEOUT"),
    stallTimeout: variables.milliseconds("HF_HUB_DOWNLOAD_TIMEOUT"),
  };
}

/** Environment variables; an empty one counts as one that is not there. */
class Variables {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | undefined {
    return this.#environment[name] || undefined;
  }

  isTrue(name: string): boolean {
    return ["1", "ON", "YES", "TRUE"].includes(this.text(name)?.toUpperCase() ?? "");
  }

  milliseconds(name: string): number | undefined {
    const seconds = Number(this.text(name));
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  }

  folder(name: string): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : this.expand(value);
  }

  cacheHome(): string {
    return this.text("XDG_CACHE_HOME") ?? join(this.home(), ".cache");
  }

  /** As os.path.expanduser and os.path.expandvars do: "~/models", "$SCRATCH/hub", "${SCRATCH}/hub". */
  expand(path: string): string {
    const absolute = /^~(?=$|[/\\])/.test(path) ? this.home() + path.slice(1) : path;
    return absolute.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, bare: string, braced: string) => {
      return this.#environment[bare ?? braced] ?? whole;
    });
  }

  home(): string {
    return this.text(process.platform === "win32" ? "USERPROFILE" : "HOME") ?? homedir();
  }
}

function checkFolder(folder: unknown, variables: Variables): string {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
    throw new ArgumentError(`cacheFolder: expected the path of a folder, got ${JSON.stringify(folder)}`, {
      subject: "cacheFolder",
    });
  }
  return resolve(variables.expand(folder));
}

function offlineBecause(options: HubOptions, variables: Variables): string | undefined {
  if (options.localFilesOnly) return "localFilesOnly";
  return ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].find((name) => variables.isTrue(name));
}

async function findToken(
  { token }: HubOptions,
  variables: Variables,
  home: string,
): Promise<string | undefined> {
  if (token === false) return undefined;
  if (typeof token === "string") return checkToken(token);
  if (token === undefined && variables.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return undefined;
  const found =
    variables.text("HF_TOKEN") ??
    variables.text("HUGGING_FACE_HUB_TOKEN") ??
    (await readToken(variables.folder("HF_TOKEN_PATH") ?? join(home, "token")));
  const cleaned = found?.trim() || undefined;
  if (token === true && cleaned === undefined) {
    throw new ArgumentError("token: true means the saved token; none is saved (HF_TOKEN, `hf auth login`)", {
      code: "token-not-found",
      subject: "token",
    });
  }
  return cleaned === undefined ? undefined : checkToken(cleaned);
}

async function readToken(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined; // most people have none
  }
}
