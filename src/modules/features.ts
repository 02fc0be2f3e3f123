/** What flows through the modules of a SentenceTransformer: packed tokens, and tensors by the reference's names. */
import { ArgumentError } from "../errors.ts";
import type { PackedTokens } from "../models/encoder.ts";
import type { Tensor } from "../tensor/tensor.ts";

export class Features {
  readonly tokens: PackedTokens;
  /** Tokens of the prompt at the start of every sequence, special tokens in front included; null: no prompt. */
  readonly promptLength: number | null;
  /** What the texts are encoded for: "query", "document"; null: nothing in particular. */
  readonly task: string | null;
  readonly #tensors = new Map<string, Tensor>();
  #hiddenStates: readonly Tensor[] | null = null;

  constructor(
    tokens: PackedTokens,
    {
      promptLength = null,
      task = null,
    }: { readonly promptLength?: number | null; readonly task?: string | null } = {},
  ) {
    this.tokens = tokens;
    this.promptLength = promptLength;
    this.task = task;
  }

  /**
   * The outputs of the embeddings and of all layers but the last, whose output is "token_embeddings": where the
   * encoder was configured to keep them.
   */
  get hiddenStates(): readonly Tensor[] | null {
    return this.#hiddenStates;
  }

  /** Takes over the tensors. */
  set hiddenStates(states: readonly Tensor[] | null) {
    for (const state of this.#hiddenStates ?? []) state.dispose();
    this.#hiddenStates = states;
  }

  /** A feature that an earlier module made: "token_embeddings" [tokens, hidden], "sentence_embedding" [texts, dimension]. */
  get(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      throw new ArgumentError(
        `expected the feature "${name}" from an earlier module; available: ${[...this.#tensors.keys()].join(", ") || "none"}`,
        { code: "missing-feature", subject: name },
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
    this.hiddenStates = null;
  }
}
