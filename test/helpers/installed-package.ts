/** The package as a user has it: packed, and installed from the tarball into an empty folder, without a network. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HubServer } from "./hub-server.ts";
import { filesOfFixture } from "./model-files.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../", import.meta.url));

/** The names of models that the documentation uses. The hub answers to each with models/demo-en. */
const MODELS = ["sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-large"];

export class InstalledPackage {
  readonly folder: string;
  readonly #hub: HubServer;
  readonly #root: string;

  private constructor(root: string, hub: HubServer) {
    this.#root = root;
    this.folder = join(root, "reader");
    this.#hub = hub;
  }

  /** `npm test` has built the package; its declarations, which nothing here reads, are not part of the tarball here. */
  static async install(): Promise<InstalledPackage> {
    const root = await mkdtemp(join(tmpdir(), "sentensor-installed-"));
    const hub = await HubServer.start();
    for (const name of MODELS) hub.publish(name, filesOfFixture("demo-en"));
    const installed = new InstalledPackage(root, hub);
    const npm = (...args: string[]) => run("npm", args, { env: installed.environment() });
    const packed = await npm("pack", repository, "--json", "--ignore-scripts", "--pack-destination", root);
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    const tarball = join(root, filename);
    await npm("install", tarball, "--prefix", installed.folder, "--offline", "--no-audit", "--no-fund");
    return installed;
  }

  async remove(): Promise<void> {
    await this.#hub.close();
    await rm(this.#root, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Names of models are looked up at the hub of this process, and cached apart from the user's own. */
  environment(): NodeJS.ProcessEnv {
    // npm tells its scripts its own settings, which the npm of a reader would not have.
    const own = Object.entries(process.env).filter(
      ([name]) => !/^npm_|^HF_|^SENTENCE_TRANSFORMERS_HOME$|^NODE_OPTIONS$/i.test(name),
    );
    return {
      ...Object.fromEntries(own),
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HF_ENDPOINT: this.#hub.url,
      HF_HOME: join(this.#root, "hub"),
      npm_config_update_notifier: "false",
      npm_config_offline: "true",
    };
  }

  /** Runs the code in the reader's folder, where what was run before may have left files; gives what it printed. */
  async runProgram(code: string, extension: "mjs" | "cjs"): Promise<string> {
    const path = join(this.folder, `example.${extension}`);
    await writeFile(path, code);
    return await this.#run(process.execPath, [path]);
  }

  /**
   * Runs lines of a shell script, which ends at the first that fails. `npx` takes half a second to find a command; here
   * it is found at once, in the place that npx looks in first.
   */
  async runShell(code: string): Promise<string> {
    const npx = 'npx() { program="$1"; shift; "node_modules/.bin/$program" "$@"; }\n';
    return await this.#run("sh", ["-e", "-c", npx + code]);
  }

  async npx(...args: string[]): Promise<string> {
    return await this.#run("npx", args);
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(program, args, {
      cwd: this.folder,
      env: this.environment(),
      timeout: 120_000,
    });
    return stdout;
  }
}
