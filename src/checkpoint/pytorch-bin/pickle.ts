/**
 * A pickle machine that can build containers and nothing else: what a pickle imports, calls, looks up or
 * restores is the host's decision. Opcodes as in CPython's Lib/pickletools.py, protocols 2 to 5.
 *
 * Every opcode takes at least one byte and makes at most one object, shared objects stay shared, and
 * nothing is walked recursively: time and memory are linear in the pickle, which is limited.
 */
import { FormatError, UnsupportedError } from "../../errors.ts";

/** What a pickle of a state dict can consist of, besides objects of the host. */
export type PickleValue = unknown;

export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

export class PickleList {
  readonly items: PickleValue[] = [];
}

export class PickleDict {
  /** In the order in which they were set; a key may appear twice. */
  readonly entries: (readonly [key: PickleValue, value: PickleValue])[] = [];
}

/** What the machine asks before it does anything but build a container. Each may refuse by throwing. */
export interface PickleHost {
  /** The file, for messages. */
  readonly file: string;
  resolve(module: string, name: string): PickleValue;
  call(callee: PickleValue, args: PickleTuple): PickleValue;
  loadPersistent(id: PickleValue): PickleValue;
  setState(object: PickleValue, state: PickleValue): void;
}

/** A state dict takes about 30 a tensor; the largest models have a few thousand tensors. */
const MOST_OPCODES = 2 ** 21;

/** @throws FormatError for a broken pickle. @throws UnsupportedError for opcodes that no state dict needs. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, host: PickleHost): PickleValue {
  const machine = new Machine(bytes, host);
  for (let opcodes = 0; opcodes < MOST_OPCODES; opcodes++) {
    const at = machine.at;
    const code = machine.uint(1);
    if (code === STOP) return machine.pop();
    const step = steps.get(code);
    if (step === undefined) throw refused(code, at, host.file);
    step(machine);
  }
  throw new FormatError(`the pickle has more than ${MOST_OPCODES} opcodes`, {
    code: "invalid-pickle",
    file: host.file,
  });
}

const STOP = 0x2e;

type Step = (machine: Machine) => void;

const steps: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x80, (m) => m.checkProtocol(m.uint(1))], // PROTO
  [0x95, (m) => m.skip(8)], // FRAME: only says how far to read ahead

  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.uint(4) | 0)], // BININT
  [0x4b, (m) => m.push(m.uint(1))], // BININT1
  [0x4d, (m) => m.push(m.uint(2))], // BININT2
  [0x8a, (m) => m.push(m.long(m.uint(1)))], // LONG1
  [0x8b, (m) => m.push(m.long(m.uint(4)))], // LONG4
  [0x47, (m) => m.push(m.float())], // BINFLOAT
  [0x8c, (m) => m.push(m.text(m.uint(1)))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.text(m.uint(4)))], // BINUNICODE
  [0x8d, (m) => m.push(m.text(m.uint(8)))], // BINUNICODE8

  [0x28, (m) => m.mark()], // MARK
  [0x29, (m) => m.push(new PickleTuple([]))], // EMPTY_TUPLE
  [0x85, (m) => m.push(new PickleTuple(m.popMany(1)))], // TUPLE1
  [0x86, (m) => m.push(new PickleTuple(m.popMany(2)))], // TUPLE2
  [0x87, (m) => m.push(new PickleTuple(m.popMany(3)))], // TUPLE3
  [0x74, (m) => m.push(new PickleTuple(m.popMark()))], // TUPLE
  [0x5d, (m) => m.push(new PickleList())], // EMPTY_LIST
  [0x61, (m) => m.append(m.popMany(1))], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.push(new PickleDict())], // EMPTY_DICT
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS

  [0x71, (m) => m.put(m.uint(1))], // BINPUT
  [0x72, (m) => m.put(m.uint(4))], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.get(m.uint(1))], // BINGET
  [0x6a, (m) => m.get(m.uint(4))], // LONG_BINGET

  [0x63, (m) => m.resolve(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.resolveFromStack()], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x62, (m) => m.setState()], // BUILD
  [0x51, (m) => m.loadPersistent()], // BINPERSID
]);

/** The other opcodes that there are: of older protocols, or for objects that no state dict contains. */
const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x30, "POP"],
  [0x31, "POP_MARK"],
  [0x32, "DUP"],
  [0x42, "BINBYTES"],
  [0x43, "SHORT_BINBYTES"],
  [0x46, "FLOAT"],
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x50, "PERSID"],
  [0x53, "STRING"],
  [0x54, "BINSTRING"],
  [0x55, "SHORT_BINSTRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x67, "GET"],
  [0x69, "INST"],
  [0x6c, "LIST"],
  [0x6f, "OBJ"],
  [0x70, "PUT"],
  [0x81, "NEWOBJ"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x8e, "BINBYTES8"],
  [0x8f, "EMPTY_SET"],
  [0x90, "ADDITEMS"],
  [0x91, "FROZENSET"],
  [0x92, "NEWOBJ_EX"],
  [0x96, "BYTEARRAY8"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
]);

function refused(code: number, at: number, file: string): Error {
  const name = refusedOpcodes.get(code);
  if (name === undefined) {
    return new FormatError(`byte ${at} of the pickle, 0x${code.toString(16)}, is not an opcode`, {
      code: "invalid-pickle",
      file,
    });
  }
  return new UnsupportedError(
    `byte ${at} of the pickle is ${name}; a checkpoint of plain tensors has no such opcode`,
    { code: "unsupported-pickle", subject: name, file },
  );
}

class Machine {
  at = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #memo = new Map<number, PickleValue>();
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #outerStacks: PickleValue[][] = [];
  #stack: PickleValue[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
  }

  checkProtocol(version: number): void {
    if (version < 2 || version > 5) {
      throw new UnsupportedError(`pickle protocols 2 to 5 are supported; this is ${version}`, {
        code: "unsupported-pickle",
        file: this.#host.file,
      });
    }
  }

  /** Moves on by `length` bytes and says where they began. */
  skip(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) {
      throw this.#broken(`ends at byte ${this.#bytes.length}; ${length} bytes should follow byte ${start}`);
    }
    this.at += length;
    return start;
  }

  /** An unsigned little-endian integer; one of 8 bytes is only ever a length. */
  uint(byteSize: 1 | 2 | 4 | 8): number {
    const start = this.skip(byteSize);
    if (byteSize === 1) return this.#view.getUint8(start);
    if (byteSize === 2) return this.#view.getUint16(start, true);
    if (byteSize === 4) return this.#view.getUint32(start, true);
    return Number(this.#view.getBigUint64(start, true));
  }

  float(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }

  /** A signed integer; a bigint where a number cannot hold it. */
  long(byteSize: number): number | bigint {
    if (byteSize > 8) {
      throw new UnsupportedError(`the pickle has an integer of ${byteSize} bytes`, {
        code: "unsupported-pickle",
        file: this.#host.file,
      });
    }
    const start = this.skip(byteSize);
    let value = 0n;
    for (let i = byteSize - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i]!);
    value = BigInt.asIntN(8 * byteSize, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  text(byteLength: number): string {
    const start = this.skip(byteLength);
    return this.#decode(start, start + byteLength);
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.#broken("ends within a name");
    const start = this.skip(end + 1 - this.at);
    return this.#decode(start, end);
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    return this.popMany(1)[0];
  }

  popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#broken(`takes more values than there are`);
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#outerStacks.push(this.#stack);
    this.#stack = [];
  }

  popMark(): PickleValue[] {
    const outer = this.#outerStacks.pop();
    if (outer === undefined) throw this.#broken("takes the values since a mark, and there is no mark");
    const values = this.#stack;
    this.#stack = outer;
    return values;
  }

  append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!(list instanceof PickleList)) throw this.#broken("appends to what is not a list");
    for (const value of values) list.items.push(value);
  }

  setItems(keysAndValues: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) throw this.#broken("sets items of what is not a dict");
    if (keysAndValues.length % 2 !== 0) throw this.#broken("sets a key without a value");
    for (let i = 0; i < keysAndValues.length; i += 2) {
      dict.entries.push([keysAndValues[i], keysAndValues[i + 1]]);
    }
  }

  put(key: number): void {
    this.#memo.set(key, this.#top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(key: number): void {
    if (!this.#memo.has(key)) throw this.#broken(`refers to value ${key}, which it has not stored`);
    this.push(this.#memo.get(key));
  }

  resolve(module: string, name: string): void {
    this.push(this.#host.resolve(module, name));
  }

  resolveFromStack(): void {
    const [module, name] = this.popMany(2);
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.#broken("imports by what is not text");
    }
    this.resolve(module, name);
  }

  call(): void {
    const [callee, args] = this.popMany(2);
    if (!(args instanceof PickleTuple)) throw this.#broken("calls with what is not a tuple");
    this.push(this.#host.call(callee, args));
  }

  setState(): void {
    const state = this.pop();
    this.#host.setState(this.#top(), state);
  }

  loadPersistent(): void {
    this.push(this.#host.loadPersistent(this.pop()));
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw this.#broken("takes more values than there are");
    return this.#stack.at(-1);
  }

  #decode(start: number, end: number): string {
    try {
      return this.#utf8.decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw this.#broken("has text that is not UTF-8", cause);
    }
  }

  #broken(message: string, cause?: unknown): FormatError {
    return new FormatError(`the pickle, before byte ${this.at}, ${message}`, {
      code: "invalid-pickle",
      file: this.#host.file,
      cause,
    });
  }
}
