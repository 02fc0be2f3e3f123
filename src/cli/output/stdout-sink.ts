import { checkContent } from "../../embedding-files/content.ts";
import { jsonLinesHeader, jsonRowPieces } from "../../embedding-files/json-lines.ts";
import type { TextOutput } from "../text-output.ts";
import type { RowSink } from "./row-sink.ts";

/** Writes what a .jsonl file would have. */
export class StdoutSink implements RowSink {
  readonly #output: TextOutput;
  count = 0;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  async append(rows: Parameters<RowSink["append"]>[0]): Promise<void> {
    const content = checkContent(rows, "encode");
    const header = this.count === 0 ? jsonLinesHeader(content) : null;
    if (header !== null) await this.#output.write(header);
    for (const piece of jsonRowPieces(content)) await this.#output.write(piece);
    this.count += content.rows.count;
  }

  async close(): Promise<void> {}
}
