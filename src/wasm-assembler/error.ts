import { declareErrorClass, SentensorError } from "../errors.ts";

/** Where in a function an instruction stands. */
export interface InstructionPlace {
  readonly functionName: string;
  /** Counted from 0 in the order of emission; every instruction counts, `else` and `end` too. */
  readonly instructionIndex: number;
  readonly instruction: string;
}

/**
 * The code generator asked for a module that WebAssembly would refuse, or the bytes given to the text
 * dump are no module. Inside a function the message says where: `function "dot", instruction 12
 * (f32x4.mul): operand 2: expected v128, found i32`.
 */
export class AssemblyError extends SentensorError {
  readonly place: InstructionPlace | undefined;

  static {
    declareErrorClass(AssemblyError, "AssemblyError", "assembly-error");
  }

  constructor(message: string, place?: InstructionPlace) {
    super(
      place === undefined
        ? `wasm assembler: ${message}`
        : `wasm assembler: function "${place.functionName}", instruction ${place.instructionIndex} (${place.instruction}): ${message}`,
    );
    this.place = place;
  }
}
