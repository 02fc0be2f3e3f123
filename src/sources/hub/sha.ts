/**
 * SHA-1 and SHA-256 (FIPS 180-4) of bytes that come in pieces. Browsers have both, but only for bytes that
 * are all in memory.
 */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** In hexadecimal. The end: nothing can be added afterwards. */
  finish(): string;
}

const BLOCK = 64;

/** What the two have in common: blocks of 64 bytes, and the length at the end. */
abstract class BlockDigest implements Digest {
  readonly #block = new DataView(new ArrayBuffer(BLOCK));
  readonly #blockBytes = new Uint8Array(this.#block.buffer);
  readonly #state: Int32Array;
  #length = 0;

  constructor(state: readonly number[]) {
    this.#state = Int32Array.from(state);
  }

  update(bytes: Uint8Array): void {
    let used = this.#length % BLOCK;
    this.#length += bytes.length;
    for (let start = 0; start < bytes.length; ) {
      const count = Math.min(BLOCK - used, bytes.length - start);
      this.#blockBytes.set(bytes.subarray(start, start + count), used);
      start += count;
      used = (used + count) % BLOCK;
      if (used === 0) this.compress(this.#state, this.#block);
    }
  }

  finish(): string {
    const bits = this.#length * 8;
    const used = this.#length % BLOCK;
    const padding = new Uint8Array((used < 56 ? 56 : 120) - used);
    padding[0] = 0x80;
    this.update(padding);
    const length = new DataView(new ArrayBuffer(8));
    length.setUint32(0, Math.floor(bits / 2 ** 32));
    length.setUint32(4, bits % 2 ** 32);
    this.update(new Uint8Array(length.buffer));
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  protected abstract compress(state: Int32Array, block: DataView): void;
}

/** 6.1.2. What git names objects by. */
export class Sha1 extends BlockDigest {
  readonly #words = new Int32Array(80);

  constructor() {
    super([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  }

  protected override compress(state: Int32Array, block: DataView): void {
    const words = this.#words;
    for (let t = 0; t < 16; t++) words[t] = block.getInt32(4 * t);
    for (let t = 16; t < 80; t++) {
      const mixed = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!;
      words[t] = (mixed << 1) | (mixed >>> 31);
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    for (let t = 0; t < 80; t++) {
      let mixed: number;
      if (t < 20) mixed = ((b & c) ^ (~b & d)) + 0x5a827999;
      else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
      else if (t < 60) mixed = ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
      else mixed = (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + mixed + e + words[t]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
  }
}

/** 6.2.2. What Git LFS names files by. */
export class Sha256 extends BlockDigest {
  readonly #words = new Int32Array(64);
  readonly #constants = sha256Constants();

  constructor() {
    super(firstPrimes(8).map((prime) => fractionBits(Math.sqrt(prime))));
  }

  protected override compress(state: Int32Array, block: DataView): void {
    const words = this.#words;
    const constants = this.#constants;
    for (let t = 0; t < 16; t++) words[t] = block.getInt32(4 * t);
    for (let t = 16; t < 64; t++) {
      const x = words[t - 15]!;
      const y = words[t - 2]!;
      const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      words[t] = sigma1 + words[t - 7]! + sigma0 + words[t - 16]!;
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let t = 0; t < 64; t++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const first = (h + sum1 + ((e & f) ^ (~e & g)) + constants[t]! + words[t]!) | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

function rotate(word: number, count: number): number {
  return (word >>> count) | (word << (32 - count));
}

let madeConstants: Int32Array | undefined;

/** 4.2.2: of the cube roots of the first 64 primes. Made when they are needed: most programs never do. */
function sha256Constants(): Int32Array {
  madeConstants ??= Int32Array.from(firstPrimes(64), (prime) => fractionBits(Math.cbrt(prime)));
  return madeConstants;
}

/** The first 32 bits behind the point. */
function fractionBits(value: number): number {
  return Math.floor((value % 1) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
