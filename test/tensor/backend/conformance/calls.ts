/** Any kernel with arrays: they go in, it runs with guarded and NaN-filled memory, an array comes out. */
import assert from "node:assert/strict";
import type { Backend, Storage } from "../../../../src/tensor/backend.ts";
import {
  type AnyDims,
  type AnyKernel,
  axisLength,
  extentsOf,
  type KernelDeclaration,
  type Operand,
} from "../../../../src/tensor/kernel.ts";
import {
  KERNELS,
  type KernelArrays,
  type KernelDims,
  type KernelName,
} from "../../../../src/tensor/kernel-table.ts";
import { type Chunk, Memory } from "./memory.ts";

export interface CallOptions {
  /** The operand whose memory the result takes. */
  readonly inPlace?: string | undefined;
  /** In what order and portions matrices and tables are written; all at once without. */
  readonly chunks?: readonly Chunk[] | undefined;
  /** Matrices are put into their own memory, and packed there. */
  readonly packed?: boolean | undefined;
}

/** All operands but the output, dims, and how to call. */
export type KernelInputs<K extends KernelName> = Omit<KernelArrays<K>, "out"> & KernelDims<K> & CallOptions;

export async function callKernel<K extends KernelName>(
  backend: Backend,
  name: K,
  inputs: KernelInputs<K>,
): Promise<Float32Array> {
  const declaration: KernelDeclaration = KERNELS[name];
  const { inPlace, chunks, packed } = inputs;
  const given = inputs as unknown as Readonly<Record<string, unknown>>;
  const dims: AnyDims = Object.fromEntries(
    Object.keys(declaration.dims).map((dim) => [dim, given[dim] as number | string | null]),
  );
  const extents = extentsOf(declaration, dims, ({ name: operand }) =>
    operand in given && given[operand] !== null ? (given[operand] as Float32Array).length : null,
  );
  const shapeOf = ({ name: operand, shape }: Operand): readonly number[] =>
    shape.map((extent) => axisLength(extent, extents) ?? assert.fail(`${name}: the shape of ${operand}`));

  const memory = new Memory(backend);
  const [output, ...others] = declaration.operands;
  const length = shapeOf(output!).reduce((product, axis) => product * axis, 1);
  let out: Storage | null = null;
  const operands: Record<string, unknown> = {};
  const place = (operand: Operand, values: Float32Array): unknown => {
    switch (operand.kind) {
      case "storage":
        if (operand.name === inPlace) {
          assert.ok(operand.mayBeOut === true, `${name}: the output may not be ${operand.name}`);
          out = memory.inPlace(values);
          return out;
        }
        return memory.input(operand.name, values);
      case "vector":
        return memory.parameter(operand.name, values);
      case "matrix": {
        const [outFeatures, inFeatures] = shapeOf(operand) as [number, number];
        return memory.matrix(values, outFeatures, inFeatures, { chunks, packed });
      }
      case "table": {
        const width = axisLength(operand.shape[1]!, extents)!;
        return memory.table(values, values.length / width, width, chunks);
      }
      case "integers":
        return values;
    }
  };
  for (const operand of others) {
    const values = given[operand.name];
    if (values === null) operands[operand.name] = null;
    else if (operand.list === true) {
      operands[operand.name] = (values as readonly Float32Array[]).map((each) => place(operand, each));
    } else operands[operand.name] = place(operand, values as Float32Array);
  }
  out ??= memory.output(length);
  (backend.kernels[name] as AnyKernel)({ out, ...operands }, dims);
  return memory.finish(out, length);
}
