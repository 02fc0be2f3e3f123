import type { EntryTable } from "./entry.ts";

/** Control, parametric and variable instructions: core specification 5.4.1, 5.4.3 and 5.4.4. No prefix. */
export const control = {
  unreachable: [0x00, "*"],
  nop: [0x01, "->"],
  block: [0x02, "*", "block"],
  loop: [0x03, "*", "block"],
  if: [0x04, "*", "block"],
  else: [0x05, "*"],
  end: [0x0b, "*"],
  br: [0x0c, "*", "label"],
  br_if: [0x0d, "*", "label"],
  br_table: [0x0e, "*", "labels"],
  return: [0x0f, "*"],
  call: [0x10, "*", "function"],
  call_indirect: [0x11, "*", "type table"],
  drop: [0x1a, "*"],
  select: [0x1b, "*"],
  "local.get": [0x20, "*", "local"],
  "local.set": [0x21, "*", "local"],
  "local.tee": [0x22, "*", "local"],
  "global.get": [0x23, "*", "global"],
  "global.set": [0x24, "*", "global"],
} as const satisfies EntryTable;
