import { debug } from "../runtime/debug.ts";
import type { Backend, PackedMatrix } from "./backend.ts";

/** Formats the shapes of a kernel call for the trace. */
const SHAPES: { readonly [K in KernelName]: (...args: Parameters<Backend[K]>) => string } = {
  linear: (_out, _x, weight, _bias, residual, { rows, activation }) =>
    `[${rows}, ${weight.inFeatures}] · ${matrix(weight)}ᵀ${activation ? ` ${activation}` : ""}${residual ? " + residual" : ""}`,
  embeddingSum: (_out, tables, _ids, { rows, width }) => `[${rows}, ${width}] of ${tables.length} tables`,
  layerNorm: (_out, _x, _weight, _bias, { rows, width }) => `[${rows}, ${width}]`,
  attention: (_out, _q, _k, _v, offsets, relativeBias, { heads, headDim }) =>
    `[${offsets.at(-1)}, ${heads} × ${headDim}] in ${offsets.length - 1} sequences${relativeBias ? ", relative bias" : ""}`,
  activation: (_out, _x, activation, length) => `${activation} [${length}]`,
  add: (_out, _a, _b, length) => `[${length}]`,
  pool: (_out, _x, { starts }, { reduction, width }) => `${reduction} [${starts.length}, ${width}]`,
  normalizeRows: (_out, _x, { rows, width }) => `[${rows}, ${width}]`,
};

type KernelName =
  | "linear"
  | "embeddingSum"
  | "layerNorm"
  | "attention"
  | "activation"
  | "add"
  | "pool"
  | "normalizeRows";

function matrix({ outFeatures, inFeatures }: PackedMatrix): string {
  return `[${outFeatures}, ${inFeatures}]`;
}

/**
 * The same backend, which prints each kernel that is called, with shapes and time, and the sums when it is disposed.
 * For backends that do the work within the call.
 */
export function tracedBackend(backend: Backend): Backend {
  const sums = new Map<string, { calls: number; milliseconds: number }>();
  return new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      if (property === "dispose") {
        return () => {
          for (const [name, { calls, milliseconds }] of sums) {
            debug(2, () => `${name}: ${calls} calls, ${milliseconds.toFixed(2)} ms`);
          }
          sums.clear();
          return backend.dispose();
        };
      }
      if (!Object.hasOwn(SHAPES, property)) return value.bind(target);
      const name = property as KernelName;
      return (...args: never[]) => {
        const started = performance.now();
        value.apply(target, args);
        const milliseconds = performance.now() - started;
        const sum = sums.get(name) ?? { calls: 0, milliseconds: 0 };
        sums.set(name, { calls: sum.calls + 1, milliseconds: sum.milliseconds + milliseconds });
        const shape = SHAPES[name] as (...args: never[]) => string;
        debug(2, () => `${name} ${shape(...args)}: ${milliseconds.toFixed(3)} ms`);
      };
    },
  });
}
