/** Offsets in a workspace that does not exist yet: what a recorded batch will need, and where. */

const ALIGNMENT = 64;

/** Kernels read whole vectors, so up to this many bytes behind the end of a block. */
const SLACK = 64;

interface Block {
  readonly offset: number;
  readonly bytes: number;
}

/** First fit. Blocks are few and live shortly, so a list in the order of their offsets is quick enough. */
export class Workspace {
  readonly #blocks: Block[] = [];
  #peak = 0;

  /** The bytes that a real workspace must have. */
  get bytes(): number {
    return this.#peak + SLACK;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  allocate(bytes: number): number {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let offset = 0;
    let index = 0;
    for (const block of this.#blocks) {
      if (block.offset - offset >= size) break;
      offset = block.offset + block.bytes;
      index++;
    }
    this.#blocks.splice(index, 0, { offset, bytes: size });
    this.#peak = Math.max(this.#peak, offset + size);
    return offset;
  }

  free(offset: number): void {
    const index = this.#blocks.findIndex((block) => block.offset === offset);
    if (index === -1) throw new RangeError(`threads: no block in use begins at ${offset}`);
    this.#blocks.splice(index, 1);
  }
}
