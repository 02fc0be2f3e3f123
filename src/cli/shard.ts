import { UsageError } from "./usage-error.ts";

/** One of several equal parts of a corpus. */
export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

/** "2/4": the second of four. */
export function parseShard(value: string | undefined): Shard | undefined {
  if (value === undefined) return undefined;
  const [, index, count] = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/.exec(value) ?? [];
  if (index === undefined || count === undefined || Number(index) > Number(count)) {
    throw new UsageError(`--shard: expected I/N with I from 1 to N, as in 2/4, got "${value}"`, {
      subject: "--shard",
    });
  }
  return { index: Number(index), count: Number(count) };
}

/** Texts `start … end − 1` of `total`: all shards one after the other are the whole. */
export function shardRange({ index, count }: Shard, total: number): { start: number; end: number } {
  return { start: Math.floor((total * (index - 1)) / count), end: Math.floor((total * index) / count) };
}
