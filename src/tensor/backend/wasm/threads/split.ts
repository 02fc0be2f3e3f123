/**
 * How a call is divided over worker threads, as plain data: it travels to workers, whose program knows no tables. It
 * follows from a kernel's declaration and from the order of its function's parameters.
 */
import { ELEMENT_BYTES, type Extent, type KernelDeclaration, type Operand } from "../../../kernel.ts";
import { KERNEL_NAMES, KERNELS } from "../../../kernel-table.ts";
import { WASM_KERNELS } from "../kernels/kernels.ts";
import { panelWidth, type Tile } from "../kernels/tile.ts";
import type { ThreadKernel, ThreadSplit } from "./kernel-worker.ts";

/** The kernels of the module, in the order in which commands number them. */
export function threadKernels(tile: Tile): readonly ThreadKernel[] {
  return KERNEL_NAMES.map((name) => ({
    name,
    split: splitOf(KERNELS[name], Object.keys(WASM_KERNELS[name].parameters), panelWidth(tile)),
  }));
}

/**
 * @param parameters names of the function's parameters: operands, dims, others
 * @param panel columns that lie together in matrices
 */
export function splitOf(
  { operands, split }: KernelDeclaration,
  parameters: readonly string[],
  panel: number,
): ThreadSplit | null {
  if (split === null) return null;
  const argument = (name: string): number => {
    const index = parameters.indexOf(name);
    if (index === -1)
      throw new RangeError(`a split needs the argument ${name}, got ${parameters.join(", ")}`);
    return index;
  };
  const factor = (extent: Extent): ThreadSplit["moves"][number]["factors"][number] =>
    typeof extent === "string"
      ? { argument: argument(extent), times: 1, plus: 0 }
      : { argument: argument(extent.of), times: extent.times, plus: extent.plus };
  const axisOf = ({ shape }: Operand): number => shape.indexOf(split.dim);
  return {
    extent: argument(split.dim),
    first: split.first === undefined ? null : argument(split.first),
    unit: split.unit === "panel" ? panel : split.unit,
    moves: operands
      .filter((operand) => axisOf(operand) !== -1)
      .map((operand) => ({
        argument: argument(operand.name),
        bytes: operand.elementBytes ?? ELEMENT_BYTES,
        factors: operand.shape.slice(axisOf(operand) + 1).map(factor),
      })),
  };
}
