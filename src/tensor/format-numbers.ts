import type { TensorData } from "./dtype.ts";
import { elementCount } from "./shape.ts";

export interface NumberLayout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Larger tensors are abbreviated, as numpy and torch do it: three entries at both ends of every axis. */
const MOST_ELEMENTS = 1000;
const AT_EACH_END = 3;

/** The numbers in nested brackets, a row a line. */
export function formatNumbers(data: TensorData, layout: NumberLayout): string {
  const { shape } = layout;
  const isLarge = elementCount(shape) > MOST_ELEMENTS;
  return formatAxis(data, layout, { axis: 0, start: layout.offset, isLarge });
}

interface Place {
  readonly axis: number;
  /** In elements. */
  readonly start: number;
  readonly isLarge: boolean;
}

function formatAxis(data: TensorData, layout: NumberLayout, { axis, start, isLarge }: Place): string {
  const { shape, strides } = layout;
  const count = shape[axis];
  if (count === undefined) return formatNumber(data[start]!);
  const entry = (i: number): string =>
    formatAxis(data, layout, { axis: axis + 1, start: start + i * strides[axis]!, isLarge });
  const entries = isLarge && count > 2 * AT_EACH_END ? ends(count, entry) : upTo(count, entry);
  if (axis === shape.length - 1) return `[${entries.join(", ")}]`;
  return `[${entries.join(`,\n${" ".repeat(axis + 1)}`)}]`;
}

function upTo(count: number, entry: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => entry(i));
}

function ends(count: number, entry: (i: number) => string): string[] {
  const first = upTo(AT_EACH_END, entry);
  return [...first, "…", ...upTo(AT_EACH_END, (i) => entry(count - AT_EACH_END + i))];
}

/** Five digits: what people compare. */
function formatNumber(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(5)));
}
