import { UnsupportedError } from "../../errors.ts";
import type { MatrixDType } from "../backend.ts";

/** @throws UnsupportedError for a dtype of matrices that is not among `known` */
export function checkMatrixDType(backend: string, dtype: MatrixDType, known: readonly MatrixDType[]): void {
  if (known.includes(dtype)) return;
  throw new UnsupportedError(
    `${backend}: expected ${known.join(" or ")} as the dtype of a matrix, got ${JSON.stringify(dtype) ?? String(dtype)}`,
    { code: "unsupported-dtype", subject: "dtype" },
  );
}
