import type {
  EmbeddingTable,
  InPlaceRows,
  MatrixDType,
  PackedMatrix,
  Parameter,
  ParameterStore,
  Storage,
} from "../../backend.ts";
import { checkMatrixDType } from "../check-dtype.ts";
import type { JsKernels } from "./kernels.ts";
import { dataOf, JsMatrix, JsStorage, JsTable, matrixOf, placeOf, tableOf } from "./memory.ts";

/** All as checkpoints store it. */
export class JsParameters implements ParameterStore {
  readonly #kernels: JsKernels;

  constructor(kernels: JsKernels) {
    this.#kernels = kernels;
  }

  createVector(length: number): Storage {
    return new JsStorage(length, new Float32Array(length));
  }

  createMatrix(outFeatures: number, inFeatures: number, dtype: MatrixDType): PackedMatrix {
    checkMatrixDType("js", dtype, ["float32"]);
    return new JsMatrix(outFeatures, inFeatures, new Float32Array(outFeatures * inFeatures));
  }

  createTable(rows: number, width: number): EmbeddingTable {
    return new JsTable(rows, width, new Float32Array(rows * width));
  }

  rowsOf(matrix: PackedMatrix): EmbeddingTable {
    matrixOf(matrix); // it is there, and ours
    return new JsTable(matrix.outFeatures, matrix.inFeatures, matrix as JsMatrix);
  }

  write(parameter: Parameter, rows: Float32Array, firstRow: number): void {
    if (parameter instanceof JsMatrix) this.#kernels.packRows(matrixOf(parameter), rows, firstRow, parameter);
    else if (parameter instanceof JsTable) tableOf(parameter).set(rows, firstRow * parameter.width);
    else dataOf(parameter as Storage).set(rows, firstRow);
  }

  inPlace(parameter: Parameter): InPlaceRows | null {
    return parameter instanceof JsTable ? { memory: tableOf(parameter), take: null, unit: 1 } : null;
  }

  free(parameter: Parameter): void {
    if (parameter instanceof JsMatrix) matrixOf(parameter);
    else if (parameter instanceof JsTable) placeOf(parameter);
    else dataOf(parameter as Storage);
    (parameter as JsMatrix | JsTable | JsStorage).data = null;
  }
}
