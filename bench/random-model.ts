/** Models of real shape with random weights, in memory: speed does not depend on what the weights say. */
import { readFileSync } from "node:fs";
import { float32ToWrite, type TensorToWrite, writeSafetensors } from "../src/checkpoint/safetensors/write.ts";
import { MemorySource } from "../src/sources/memory-source.ts";
import type { EncoderShape } from "./shapes.ts";

const demo = new URL("../models/demo-en/", import.meta.url);

/** Numbers from −1 to 1, always the same (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  };
}

/** A sentence-transformers folder: a BERT of this shape with the tokenizer of demo-en, and mean pooling. */
export async function randomModel(shape: EncoderShape): Promise<MemorySource> {
  const tokenizer = readFileSync(new URL("tokenizer.json", demo));
  const vocabulary = Object.keys(JSON.parse(tokenizer.toString("utf8")).model.vocab).length;
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSafetensors(tensorsOf(shape, vocabulary))) pieces.push(piece);
  return new MemorySource(
    new Map<string, Uint8Array>([
      ["config.json", json(configOf(shape, vocabulary))],
      ["tokenizer.json", tokenizer],
      [
        "tokenizer_config.json",
        json({ tokenizer_class: "BertTokenizer", model_max_length: shape.positions }),
      ],
      ["model.safetensors", Buffer.concat(pieces)],
    ]),
    shape.name,
  );
}

function configOf(shape: EncoderShape, vocabulary: number): unknown {
  return {
    model_type: "bert",
    vocab_size: vocabulary,
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    hidden_act: "gelu",
    max_position_embeddings: shape.positions,
    type_vocab_size: 2,
  };
}

function* tensorsOf(shape: EncoderShape, vocabulary: number): Generator<TensorToWrite> {
  const { hidden, intermediate, positions } = shape;
  const random = randomNumbers(1);
  const tensor = (name: string, dimensions: readonly number[], scale: number, center = 0) => {
    const count = dimensions.reduce((product, dimension) => product * dimension, 1);
    return float32ToWrite(
      name,
      dimensions,
      Float32Array.from({ length: count }, () => center + scale * random()),
    );
  };
  function* linear(name: string, inFeatures: number, outFeatures: number) {
    yield tensor(`${name}.weight`, [outFeatures, inFeatures], 1 / Math.sqrt(inFeatures));
    yield tensor(`${name}.bias`, [outFeatures], 0.1);
  }
  function* layerNorm(name: string) {
    yield tensor(`${name}.weight`, [hidden], 0.1, 1);
    yield tensor(`${name}.bias`, [hidden], 0.1);
  }
  yield tensor("embeddings.word_embeddings.weight", [vocabulary, hidden], 1);
  yield tensor("embeddings.position_embeddings.weight", [positions, hidden], 1);
  yield tensor("embeddings.token_type_embeddings.weight", [2, hidden], 1);
  yield* layerNorm("embeddings.LayerNorm");
  for (let i = 0; i < shape.layers; i++) {
    const layer = `encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) {
      yield* linear(`${layer}.attention.self.${part}`, hidden, hidden);
    }
    yield* linear(`${layer}.attention.output.dense`, hidden, hidden);
    yield* layerNorm(`${layer}.attention.output.LayerNorm`);
    yield* linear(`${layer}.intermediate.dense`, hidden, intermediate);
    yield* linear(`${layer}.output.dense`, intermediate, hidden);
    yield* layerNorm(`${layer}.output.LayerNorm`);
  }
}
