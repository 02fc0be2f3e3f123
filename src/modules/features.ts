/** What flows through the modules of a SentenceTransformer: packed tokens, and tensors by the reference's names. */
import { ArgumentError } from "../errors.ts";
import type { PackedTokens } from "../models/encoder.ts";
import type { Tensor } from "../tensor/tensor.ts";

export class Features {
  readonly tokens: PackedTokens;
  /** Tokens of the prompt at the start of every sequence, special tokens in front included; null: no prompt. */
  readonly promptLength: number | null;
  readonly #tensors = new Map<string, Tensor>();

  constructor(tokens: PackedTokens, promptLength: number | null) {
    this.tokens = tokens;
    this.promptLength = promptLength;
  }

  /** A feature that an earlier module made: "token_embeddings" [tokens, hidden], "sentence_embedding" [texts, dimension]. */
  get(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      throw new ArgumentError(
        `no module before this one makes the feature "${name}"; there is ${[...this.#tensors.keys()].join(", ") || "none"}`,
      );
    }
    return tensor;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /** Takes over `tensor`, and gives back the memory of the one that it replaces. */
  set(name: string, tensor: Tensor): void {
    const previous = this.#tensors.get(name);
    this.#tensors.set(name, tensor);
    if (previous !== undefined && previous.storage !== tensor.storage) previous.dispose();
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
