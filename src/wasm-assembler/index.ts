/**
 * A WebAssembly assembler: modules as calls, bytes as the result. It knows the core specification 2.0
 * (without reference types), relaxed SIMD and threads, and nothing of tensors. It does not optimize,
 * and it refuses what an engine would refuse, where it is written.
 */
export type { DataSegment, WasmFunction, WasmMemory, WasmTable } from "./definitions.ts";
export { AssemblyError, type InstructionPlace } from "./error.ts";
export { call, Expression, Global, Local, type Operand, select } from "./expression.ts";
export {
  f32,
  f32x4,
  f64,
  f64x2,
  i8x16,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  memory,
  v128,
} from "./expressions.ts";
export type { FunctionBuilder, LoopRange, ParameterLocals } from "./function-builder.ts";
export { type BuiltModule, ModuleBuilder } from "./module-builder.ts";
export { type InstructionName, instructions } from "./opcodes/instructions.ts";
export type { Label } from "./operand-stack.ts";
export { formatModule } from "./text.ts";
export type { BlockType, Feature, Memarg, MemoryType, Parameters, Signature, ValueType } from "./types.ts";
export { type LaneShape, vectorBytes } from "./vector-constant.ts";
