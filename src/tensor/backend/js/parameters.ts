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
import { dataOf, JsMatrix, JsStorage, JsTable, matrixOf, placeOf, tableOf } from "./memory.ts";

/** All as checkpoints store it, so that files are read straight into it. */
export class JsParameters implements ParameterStore {
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
    elementsOf(parameter).set(rows, firstRow * widthOf(parameter));
  }

  inPlace(parameter: Parameter): InPlaceRows {
    return { memory: elementsOf(parameter), take: null, unit: 1 };
  }

  free(parameter: Parameter): void {
    if (parameter instanceof JsMatrix) matrixOf(parameter);
    else if (parameter instanceof JsTable) placeOf(parameter);
    else dataOf(parameter as Storage);
    (parameter as JsMatrix | JsTable | JsStorage).data = null;
  }
}

function elementsOf(parameter: Parameter): Float32Array {
  if (parameter instanceof JsMatrix) return matrixOf(parameter);
  return parameter instanceof JsTable ? tableOf(parameter) : dataOf(parameter as Storage);
}

function widthOf(parameter: Parameter): number {
  if (parameter instanceof JsMatrix) return parameter.inFeatures;
  return parameter instanceof JsTable ? parameter.width : 1;
}
