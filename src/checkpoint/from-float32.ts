/** f32 to the narrower floats that checkpoints are saved in, rounded to the nearest, ties to even. */
import { littleEndianHost, swapByteOrder } from "../files/byte-order.ts";

export type WritableFloatDType = "F32" | "F16" | "BF16";

/** `values` as a file stores them, little-endian. What F16 cannot reach (65520 and more) becomes infinity. */
export function fromFloat32(dtype: WritableFloatDType, values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const stored = dtype === "F32" ? bits.slice() : new Uint16Array(bits.length);
  if (dtype === "F16") for (let i = 0; i < bits.length; i++) stored[i] = halfBits(bits[i]!);
  if (dtype === "BF16") for (let i = 0; i < bits.length; i++) stored[i] = bfloatBits(bits[i]!);
  const bytes = new Uint8Array(stored.buffer);
  if (!littleEndianHost) swapByteOrder(bytes, stored.BYTES_PER_ELEMENT);
  return bytes;
}

function bfloatBits(bits: number): number {
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return (bits >>> 16) | 0x40; // a NaN must not round to infinity
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff); // NaN, quiet
  if (magnitude >= 0x477f_f000) return sign | 0x7c00; // 65520, halfway beyond the largest: infinity
  if (magnitude >= 0x3880_0000) {
    // 2^-14 and more: normal. The exponent moves from bias 127 to 15, 13 bits of the mantissa go.
    const rebased = magnitude - (112 << 23);
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x3300_0000) return sign; // 2^-25, half of the smallest denormal, goes to even: zero
  const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000;
  const shift = 126 - (magnitude >>> 23); // 14 at 2^-15 … 24 at 2^-25, in units of 2^-24
  const kept = mantissa >>> shift;
  const dropped = mantissa & ((1 << shift) - 1);
  const halfway = 1 << (shift - 1);
  const up = dropped > halfway || (dropped === halfway && (kept & 1) === 1);
  return sign | (kept + (up ? 1 : 0));
}
