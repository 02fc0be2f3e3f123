/**
 * RoBERTa (arXiv 1907.11692), XLM-R (arXiv 1911.02116) and CamemBERT: BERT but for the way in which positions
 * are counted. transformers v5.18.0, src/transformers/models/roberta/modeling_roberta.py.
 */
import type { ConfigReader } from "../files/config-reader.ts";
import { BertModel } from "./bert.ts";
import { type BertConfig, readBertConfig } from "./bert-config.ts";
import type { PackedTokens } from "./encoder.ts";

/** The first positions, up to that of padding, are not for texts. */
export type RobertaConfig = BertConfig;

export class RobertaModel extends BertModel {
  override readonly positionsCount = "content";

  static override readonly prefix: string = "roberta";

  static override readConfig(reader: ConfigReader): RobertaConfig {
    const config = readBertConfig(reader, reader.string("model_type"), { padTokenId: 1 });
    return { ...config, maxSequenceLength: config.maxPositions - config.padTokenId - 1 };
  }

  protected override positions({ inputIds, offsets }: PackedTokens): Int32Array {
    return countContentPositions(inputIds, offsets, this.config.padTokenId);
  }
}

/**
 * Positions of RoBERTa and MPNet: tokens other than padding count from `paddingIndex` + 1 on; a padding token, which
 * a text may contain as a word, stays at `paddingIndex`. (`create_position_ids_from_input_ids` of the reference.)
 */
export function countContentPositions(
  inputIds: Int32Array,
  offsets: Int32Array,
  paddingIndex: number,
): Int32Array {
  const positions = new Int32Array(inputIds.length);
  for (let i = 1; i < offsets.length; i++) {
    let position = paddingIndex;
    for (let token = offsets[i - 1]!; token < offsets[i]!; token++) {
      positions[token] = inputIds[token] === paddingIndex ? paddingIndex : ++position;
    }
  }
  return positions;
}
