import type { EntryTable } from "./entry.ts";

/** Loads, stores and the memory's size: core specification 5.4.6. No prefix. */
export const memory = {
  "i32.load": [0x28, "i32 -> i32", "memarg", 4],
  "i64.load": [0x29, "i32 -> i64", "memarg", 8],
  "f32.load": [0x2a, "i32 -> f32", "memarg", 4],
  "f64.load": [0x2b, "i32 -> f64", "memarg", 8],
  "i32.load8_s": [0x2c, "i32 -> i32", "memarg", 1],
  "i32.load8_u": [0x2d, "i32 -> i32", "memarg", 1],
  "i32.load16_s": [0x2e, "i32 -> i32", "memarg", 2],
  "i32.load16_u": [0x2f, "i32 -> i32", "memarg", 2],
  "i64.load8_s": [0x30, "i32 -> i64", "memarg", 1],
  "i64.load8_u": [0x31, "i32 -> i64", "memarg", 1],
  "i64.load16_s": [0x32, "i32 -> i64", "memarg", 2],
  "i64.load16_u": [0x33, "i32 -> i64", "memarg", 2],
  "i64.load32_s": [0x34, "i32 -> i64", "memarg", 4],
  "i64.load32_u": [0x35, "i32 -> i64", "memarg", 4],
  "i32.store": [0x36, "i32 i32 ->", "memarg", 4],
  "i64.store": [0x37, "i32 i64 ->", "memarg", 8],
  "f32.store": [0x38, "i32 f32 ->", "memarg", 4],
  "f64.store": [0x39, "i32 f64 ->", "memarg", 8],
  "i32.store8": [0x3a, "i32 i32 ->", "memarg", 1],
  "i32.store16": [0x3b, "i32 i32 ->", "memarg", 2],
  "i64.store8": [0x3c, "i32 i64 ->", "memarg", 1],
  "i64.store16": [0x3d, "i32 i64 ->", "memarg", 2],
  "i64.store32": [0x3e, "i32 i64 ->", "memarg", 4],
  "memory.size": [0x3f, "-> i32", "memory"],
  "memory.grow": [0x40, "i32 -> i32", "memory"],
} as const satisfies EntryTable;

/** Bulk memory: core specification 5.4.6. Prefix 0xfc. */
export const bulkMemory = {
  "memory.init": [8, "i32 i32 i32 ->", "data memory"],
  "data.drop": [9, "->", "data"],
  "memory.copy": [10, "i32 i32 i32 ->", "memory memory"],
  "memory.fill": [11, "i32 i32 i32 ->", "memory"],
} as const satisfies EntryTable;
