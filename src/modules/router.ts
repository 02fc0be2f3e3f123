import { ArgumentError, FormatError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { type FileTarget, prefixedTarget, writeJson } from "../files/file-target.ts";
import { showJson } from "../files/json-value.ts";
import { CONFIG, ROUTER_CONFIG } from "../files/model-files.ts";
import { inOrder } from "../runtime/in-order.ts";
import { prefixed } from "../sources/prefixed-source.ts";
import type { Backend } from "../tensor/backend.ts";
import type { TextOrPair, Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Features } from "./features.ts";
import {
  type DeclareContext,
  type DeclaredModule,
  discard,
  type ForwardOptions,
  type InputModule,
  isInputModule,
  type Module,
  type PrepareContext,
  type PreparedModule,
  type TokenizedText,
} from "./module.ts";
import { type RouteMapping, readRouteMappings, routeMappingsJson } from "./route-mappings.ts";
import { savedType, saveModule } from "./save-module.ts";
import type { SavedDType } from "./save-weights.ts";

/** All texts are text to a router, which knows images and sound besides. */
const MODALITY = "text";

interface RouterSettings {
  readonly routes: ReadonlyMap<string, readonly Module[]>;
  readonly mappings: readonly RouteMapping[];
  /** null: without a task that has a route, encoding is an error. */
  readonly defaultRoute: string | null;
}

/**
 * Several chains of modules, of which the task chooses one: a small one for queries, a large one for documents.
 * sentence-transformers v6.0.1, base/modules/router.py; Asym is its former name.
 */
export class Router implements Module {
  readonly type = "Router";
  readonly settings: RouterSettings;

  constructor(settings: RouterSettings) {
    this.settings = settings;
  }

  static async prepare({ source, prepare }: PrepareContext): Promise<PreparedModule> {
    const config = await readRouterConfig(source);
    const types = config.object("types");
    const preparing = types.keys().map(async (id) => {
      return [id, await prepare(types.string(id), prefixed(source, id))] as const;
    });
    const prepared = new Map(await inOrder(preparing));
    const structure = readStructure(config, prepared);
    const routing = readRouting(config, structure);
    const routes = [...structure.values()].map((ids) => ids.map((id) => prepared.get(id)!));
    return {
      type: "Router",
      takesText: routes.every(([first]) => first!.takesText),
      embeddingDimension: lastWidth(routes),
      declare: (context) => declareRoutes(prepared, structure, routing, context),
    };
  }

  get embeddingDimension(): number | null {
    return lastWidth([...this.settings.routes.values()]);
  }

  /** The modules that a task goes through. @throws ArgumentError where there is no route for it. */
  route(task: string | null): readonly Module[] {
    const { routes, mappings, defaultRoute } = this.settings;
    const name = this.#routeName(task) ?? defaultRoute;
    if (name !== null) return routes.get(name)!;
    const known = [...routes.keys(), ...mappings.map(({ task: mapped }) => mapped).filter((t) => t !== null)];
    throw new ArgumentError(
      task === null
        ? `Router: cannot determine a route; pass the option \`task\`: ${known.join(", ")}`
        : `Router: no route for the task "${task}"; known: ${known.join(", ")}`,
      { code: "route-not-found", subject: "task" },
    );
  }

  async forward(features: Features, options: ForwardOptions): Promise<void> {
    for (const module of this.route(features.task)) await module.forward(features, options);
  }

  dispose(): void {
    for (const module of new Set([...this.settings.routes.values()].flat())) module.dispose();
  }

  async save(target: FileTarget, dtype: SavedDType): Promise<void> {
    const { routes, mappings, defaultRoute } = this.settings;
    const types: Record<string, string> = {};
    const structure: Record<string, string[]> = {};
    for (const [route, modules] of routes) {
      structure[route] = [];
      for (const [index, module] of modules.entries()) {
        const id = `${route}_${index}_${module.type}`;
        structure[route].push(id);
        types[id] = savedType(module);
        await saveModule(module, prefixedTarget(target, id), dtype);
      }
    }
    await writeJson(target, ROUTER_CONFIG, {
      types,
      structure,
      parameters: {
        default_route: defaultRoute,
        allow_empty_key: defaultRoute !== null,
        route_mappings: routeMappingsJson(mappings),
      },
    });
  }

  /** In the reference's order: exact, any modality, any task, anything; then routes named as the task or "text". */
  #routeName(task: string | null): string | null {
    const { routes, mappings, defaultRoute } = this.settings;
    const orders: readonly (readonly [string | null, string | null])[] = [
      [task, MODALITY],
      [task, null],
      [null, MODALITY],
      [null, null],
    ];
    for (const [wantedTask, wantedModality] of orders) {
      const found = mappings.find(({ task: t, modality }) => t === wantedTask && modality === wantedModality);
      if (found !== undefined) return found.route;
    }
    if (task !== null && routes.has(task)) return task;
    if (routes.has(MODALITY)) return MODALITY;
    if (task !== null && defaultRoute !== null) {
      throw new ArgumentError(
        `Router: no route for the task "${task}"; known: ${[...routes.keys()].join(", ")}`,
        { code: "route-not-found", subject: "task" },
      );
    }
    return null;
  }
}

/** Of the former file where the present one is missing or empty. */
async function readRouterConfig(source: FileSource): Promise<ConfigReader> {
  const present = await ConfigReader.firstFilled(source, [ROUTER_CONFIG]);
  return present ?? (await ConfigReader.read(source, CONFIG));
}

/** A router whose routes begin with the text itself. */
class InputRouter extends Router implements InputModule {
  get #inputs(): readonly InputModule[] {
    return [...this.settings.routes.values()].map(([first]) => first as InputModule);
  }

  get backend(): Backend {
    return this.#inputs[0]!.backend;
  }

  get tokenizer(): Tokenizer {
    return this.#inputs[0]!.tokenizer;
  }

  /** The largest of the routes' limits, as the reference has it. */
  get maxSeqLength(): number {
    return Math.max(...this.#inputs.map(({ maxSeqLength }) => maxSeqLength));
  }

  set maxSeqLength(value: number) {
    for (const input of this.#inputs) input.maxSeqLength = value;
  }

  tokenize(text: TextOrPair, task: string | null): TokenizedText {
    return this.#input(task).tokenize(text, task);
  }

  countTokens(text: TextOrPair, task: string | null): number {
    return this.#input(task).countTokens(text, task);
  }

  promptLength(prompt: string, task: string | null): number | null {
    return this.#input(task).promptLength(prompt, task);
  }

  #input(task: string | null): InputModule {
    return this.route(task)[0] as InputModule;
  }
}

interface Routing {
  readonly mappings: readonly RouteMapping[];
  readonly defaultRoute: string | null;
}

function readRouting(config: ConfigReader, routes: ReadonlyMap<string, unknown>): Routing {
  const { file } = config;
  const [first] = routes.keys();
  if (first === undefined)
    throw new FormatError('"structure": expected at least one route, found none', {
      code: "missing-key",
      subject: "structure",
      file,
    });
  const parameters = config.object("parameters");
  const mappings = readRouteMappings(parameters.nullableObject("route_mappings"));
  const allowEmptyKey = parameters.boolean("allow_empty_key", true);
  const named = parameters.nullableString("default_route");
  const defaultRoute = named ?? (allowEmptyKey ? first : null);
  for (const route of [
    ...mappings.map((mapping) => mapping.route),
    ...(defaultRoute === null ? [] : [defaultRoute]),
  ]) {
    if (!routes.has(route)) {
      throw new FormatError(`no route "${route}"; known: ${[...routes.keys()].join(", ")}`, {
        code: "route-not-found",
        subject: route,
        file,
      });
    }
  }
  return { mappings, defaultRoute };
}

async function declareRoutes(
  prepared: ReadonlyMap<string, PreparedModule>,
  structure: ReadonlyMap<string, readonly string[]>,
  routing: Routing,
  context: DeclareContext,
): Promise<DeclaredModule> {
  const declared = new Map<string, DeclaredModule>();
  const all = () => [...declared.values()];
  try {
    for (const [id, module] of prepared) declared.set(id, await module.declare(context));
    const routes = new Map(
      Array.from(structure, ([route, ids]) => [route, ids.map((id) => declared.get(id)!.module)]),
    );
    const settings = { routes, ...routing };
    const takesText = [...routes.values()].every(([module]) => isInputModule(module!));
    return {
      module: takesText ? new InputRouter(settings) : new Router(settings),
      fill: async (options) => {
        for (const { fill } of all()) await fill(options);
      },
      close: async () => {
        await Promise.all(all().map(({ close }) => close()));
      },
    };
  } catch (error) {
    await discard(all());
    throw error;
  }
}

/** Of the first route that tells. */
function lastWidth<T extends number | null | undefined>(
  routes: readonly (readonly { readonly embeddingDimension: T }[])[],
): T | null {
  for (const modules of routes) {
    const last = modules.findLast(({ embeddingDimension }) => embeddingDimension !== null);
    if (last !== undefined) return last.embeddingDimension;
  }
  return null;
}

/** route → ids of its modules. */
function readStructure(
  config: ConfigReader,
  known: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, readonly string[]> {
  const structure = new Map<string, readonly string[]>();
  const routes = config.object("structure");
  for (const route of routes.keys()) {
    const ids = routes.array(route);
    if (ids.length === 0) throw routes.wrong(route, "a list of modules");
    structure.set(
      route,
      ids.map((id) => {
        if (typeof id === "string" && known.has(id)) return id;
        throw new FormatError(
          `"${routes.pathOf(route)}": expected modules of "types", found ${showJson(id)}`,
          { code: "invalid-value", subject: routes.pathOf(route), file: config.file },
        );
      }),
    );
  }
  return structure;
}
