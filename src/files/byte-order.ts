/** Checkpoint files are little-endian; nearly every machine is, too. */
export const littleEndianHost = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Reverses the bytes of every element, in place. */
export function swapByteOrder(bytes: Uint8Array, byteSize: number): void {
  if (byteSize === 1) return;
  for (let start = 0; start < bytes.length; start += byteSize) {
    for (let low = start, high = start + byteSize - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}
