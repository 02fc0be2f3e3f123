/** Which kernels a model calls, found out by running it without computing anything. */
import { inOrder } from "../runtime/in-order.ts";
import type { Backend, KernelVariant } from "./backend.ts";
import type { AnyDims, AnyKernel, AnyOperands, KernelDeclaration } from "./kernel.ts";
import { BATCH_DIMS, makeKernels } from "./kernel-table.ts";

/**
 * The variants of kernels that `run` calls on `backend`, each once. Its kernels do nothing meanwhile, so nobody else may
 * use it; its memory works as ever, with arbitrary content.
 */
export async function recordKernels(backend: Backend, run: () => Promise<void>): Promise<KernelVariant[]> {
  const variants = new Map<string, KernelVariant>();
  const { kernels } = backend;
  backend.kernels = makeKernels(
    (name, declaration): AnyKernel =>
      (operands, dims) => {
        const variant: KernelVariant = { kernel: name, ...variantOf(declaration, operands, dims) };
        variants.set(JSON.stringify(variant), variant);
      },
  );
  try {
    await run();
  } finally {
    backend.kernels = kernels;
  }
  return [...variants.values()];
}

/** What distinguishes the call from others of its kernel, whatever the batch. */
export function variantOf(
  { operands }: KernelDeclaration,
  given: AnyOperands,
  dims: AnyDims,
): Omit<KernelVariant, "kernel"> {
  const [out] = operands;
  const isOut = (name: string) => given[name] === given[out!.name];
  return {
    dims: Object.fromEntries(Object.entries(dims).filter(([name]) => !BATCH_DIMS.has(name))),
    absent: operands.filter(({ name }) => given[name] === null).map(({ name }) => name),
    inPlace: operands.filter(({ name, mayBeOut }) => mayBeOut && isOut(name)).map(({ name }) => name),
    counts: Object.fromEntries(
      operands
        .filter(({ list }) => list)
        .map(({ name }) => [name, (given[name] as readonly unknown[]).length]),
    ),
  };
}

/**
 * Runs `fill` while the backend prepares the kernels that `run` calls. Backends that need no preparation, as those of the
 * CPU, cost no run. When it rejects, nothing is under way any more.
 */
export async function fillAndPrepare(
  backend: Backend,
  run: () => Promise<void>,
  fill: () => Promise<void>,
): Promise<void> {
  if (backend.prepare === undefined) {
    await fill();
    return;
  }
  const prepare = async () => await backend.prepare!(await recordKernels(backend, run));
  await inOrder([prepare(), fill()]);
}
