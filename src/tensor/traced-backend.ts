import { debug } from "../runtime/debug.ts";
import type { Backend } from "./backend.ts";
import {
  type AnyDims,
  type AnyKernel,
  type AnyOperands,
  axisLength,
  extentsOf,
  type KernelDeclaration,
} from "./kernel.ts";
import { makeKernels } from "./kernel-table.ts";

/** The shapes of a call's operands but the output, then the dims that are in no shape. */
function formatCall(declaration: KernelDeclaration, given: AnyOperands, dims: AnyDims): string {
  const { operands } = declaration;
  const extents = extentsOf(declaration, dims, ({ name }) => {
    const operand = given[name] as { readonly length?: number } | null;
    return operand?.length ?? null;
  });
  const shown = new Set<string>();
  const [, ...inputs] = operands;
  const shapes = inputs
    .filter(({ name }) => given[name] !== null)
    .map(({ name, shape, list }) => {
      const lengths = shape.map((extent) => {
        const axis = typeof extent === "string" ? extent : extent.of;
        shown.add(axis);
        return axisLength(extent, extents) ?? axis;
      });
      return `${list === true ? `${(given[name] as readonly unknown[]).length} × ` : ""}${name} [${lengths.join(", ")}]`;
    });
  const others = Object.entries(dims)
    .filter(([name, value]) => value !== null && !shown.has(name))
    .map(([name, value]) => `${name} ${value}`);
  return [...shapes, ...others].join(", ");
}

/**
 * The same backend, which prints each kernel that is called, with shapes and time, and the sums when it is disposed.
 * For backends that do the work within the call; `backend` itself prints from then on, too.
 */
export function tracedBackend(backend: Backend): Backend {
  const sums = new Map<string, { calls: number; milliseconds: number }>();
  const { kernels } = backend;
  backend.kernels = makeKernels((name, declaration): AnyKernel => {
    const run = kernels[name] as AnyKernel;
    return (operands, dims) => {
      const started = performance.now();
      run(operands, dims);
      const milliseconds = performance.now() - started;
      const sum = sums.get(name) ?? { calls: 0, milliseconds: 0 };
      sums.set(name, { calls: sum.calls + 1, milliseconds: sum.milliseconds + milliseconds });
      debug(2, () => `${name} ${formatCall(declaration, operands, dims)}: ${milliseconds.toFixed(3)} ms`);
    };
  });
  const dispose = () => {
    for (const [name, { calls, milliseconds }] of sums) {
      debug(2, () => `${name}: ${calls} calls, ${milliseconds.toFixed(2)} ms`);
    }
    sums.clear();
    return backend.dispose();
  };
  return new Proxy(backend, {
    get(target, property) {
      if (property === "dispose") return dispose;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
