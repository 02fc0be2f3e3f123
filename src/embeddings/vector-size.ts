/** The sizes of a vector x that measures need. */
export interface VectorSize {
  /** ‖x‖² */
  readonly squared: number;
  /** max(‖x‖, 1e-12): what torch.nn.functional.normalize divides by. */
  readonly scale: number;
}

export function sizeOf(vector: Float64Array): VectorSize {
  const squared = dot(vector, vector);
  return { squared, scale: Math.max(Math.sqrt(squared), 1e-12) };
}

/** The sum of the products. Four sums: one alone waits for each addition's latency. */
export function dot(a: Float64Array, b: Float64Array): number {
  const length = a.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}
