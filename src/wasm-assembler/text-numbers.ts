/** The shortest decimal that reads back as the f32 with these bits, in the text format's spelling. */
export function formatF32(bits: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  const value = view.getFloat32(0);
  const payload = bits & 0x7fffff;
  if (Number.isNaN(value)) return formatNaN(bits >>> 31 === 1, payload === 0x400000 ? undefined : payload);
  if (!Number.isFinite(value) || value === 0) return formatFinite(value);
  // Nine digits always do.
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return formatFinite(short);
  }
  return formatFinite(Number(value.toPrecision(9)));
}

/** The shortest decimal that reads back as the f64 with these bits. */
export function formatF64(bits: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  const value = view.getFloat64(0);
  const payload = bits & 0xfffffffffffffn;
  if (Number.isNaN(value)) return formatNaN(bits >> 63n === 1n, payload === 1n << 51n ? undefined : payload);
  return formatFinite(value);
}

/** A string literal: printable ASCII as it is, every other byte as two hexadecimal digits. */
export function formatString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"`;
}

/** 32 bits in hexadecimal. */
export function formatBits32(bits: number): string {
  return `0x${bits.toString(16).padStart(8, "0")}`;
}

function formatFinite(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return String(value).replace("Infinity", "inf");
}

function formatNaN(negative: boolean, payload: number | bigint | undefined): string {
  return `${negative ? "-" : ""}nan${payload === undefined ? "" : `:0x${payload.toString(16)}`}`;
}
