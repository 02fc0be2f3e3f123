/** Whether two systems embed alike: checked before anything is measured, lest a wrong thing be fast. */

export interface Embeddings {
  /** [texts, dimension] */
  readonly data: Float32Array;
  readonly dimension: number;
}

export interface Agreement {
  /** Of the embeddings of one text by the two systems: the least of all texts. */
  readonly leastCosine: number;
  /** The greatest difference between two elements. */
  readonly greatestDifference: number;
  /** Texts whose embedding lies nearer to the other system's embedding of another text than to that of its own. */
  readonly mistaken: number;
}

export function decodeEmbeddings(reply: { readonly dimension: number; readonly base64: string }): Embeddings {
  const bytes = Buffer.from(reply.base64, "base64");
  const data = new Float32Array(bytes.length / 4);
  for (let i = 0; i < data.length; i++) data[i] = bytes.readFloatLE(4 * i);
  return { data, dimension: reply.dimension };
}

/** Of normalized embeddings of the same texts. */
export function compareEmbeddings(a: Embeddings, b: Embeddings): Agreement {
  if (a.dimension !== b.dimension || a.data.length !== b.data.length) {
    throw new Error(
      `embeddings: expected ${a.data.length} numbers in rows of ${a.dimension}, ` +
        `got ${b.data.length} in rows of ${b.dimension}`,
    );
  }
  const { dimension } = a;
  const rows = a.data.length / dimension;
  let leastCosine = Number.POSITIVE_INFINITY;
  let greatestDifference = 0;
  let mistaken = 0;
  for (let i = 0; i < rows; i++) {
    const own = dot(a.data, i, b.data, i, dimension);
    leastCosine = Math.min(leastCosine, own); // NaN where one is NaN, which no bound lets pass
    let nearest = i;
    for (let other = 0; other < rows; other++) {
      if (!(dot(a.data, i, b.data, other, dimension) <= own)) nearest = other;
    }
    if (nearest !== i) mistaken++;
  }
  for (let i = 0; i < a.data.length; i++) {
    greatestDifference = Math.max(greatestDifference, Math.abs(a.data[i]! - b.data[i]!));
  }
  return { leastCosine, greatestDifference, mistaken };
}

function dot(a: Float32Array, aRow: number, b: Float32Array, bRow: number, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += a[aRow * dimension + i]! * b[bRow * dimension + i]!;
  return sum;
}

/**
 * Float32 systems differ by rounding alone. Eight-bit ones are held to what tells the right model from a wrong one
 * (another pooling, other tokens): the cosine, and that no text is taken for another.
 */
export function disagreement(
  { leastCosine, greatestDifference, mistaken }: Agreement,
  quantized: boolean,
): string | null {
  if (mistaken > 0) return `${mistaken} texts are nearer to another text than to themselves`;
  if (quantized) return leastCosine >= 0.9 ? null : `cosine ${leastCosine.toFixed(4)}, at least 0.9 expected`;
  return greatestDifference <= 1e-4
    ? null
    : `elements differ by ${greatestDifference.toExponential(1)}, at most 1e-4 expected`;
}
