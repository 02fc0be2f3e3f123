/** How texts are to be truncated and padded: what the options of a call ask for, under a tokenizer's settings. */

import { ArgumentError } from "../errors.ts";
import { checkWhole, describe } from "../runtime/check-arguments.ts";
import type { PadToken, Side } from "./encoding.ts";
import type { Padding } from "./padding.ts";
import type { Truncation, TruncationStrategy } from "./truncation.ts";

export interface StrategyOptions {
  /**
   * true: "longest_first". Default: "longest_first" where `maxLength` is given and `padding` is not (or is false),
   * else "do_not_truncate", as in the reference.
   */
  readonly truncation?: boolean | TruncationStrategy | "do_not_truncate" | undefined;
  /** In tokens, special tokens included; Infinity: no limit. Default: the model's maximum. */
  readonly maxLength?: number | undefined;
  /** How many tokens neighbouring parts of {@link Encoding.overflowing} share. Default 0. */
  readonly stride?: number | undefined;
  /** true, "longest": as long as the longest of the batch; "max_length": `maxLength`. Default false. */
  readonly padding?: boolean | "longest" | "max_length" | "do_not_pad" | undefined;
  /** Padded lengths are rounded up to a multiple of it. */
  readonly padToMultipleOf?: number | undefined;
  /** Default: the tokenizer's. */
  readonly paddingSide?: Side | undefined;
  /** Default: the tokenizer's. */
  readonly truncationSide?: Side | undefined;
}

export interface StrategyDefaults {
  /** In tokens; Infinity where no limit is known. */
  readonly modelMaxLength: number;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  /** null: the tokenizer has none. */
  readonly padToken: PadToken | null;
}

export interface Strategies {
  readonly truncation: Truncation | null;
  readonly padding: Padding | null;
}

const truncationStrategies = ["longest_first", "only_first", "only_second", "do_not_truncate"] as const;
const paddingStrategies = ["longest", "max_length", "do_not_pad"] as const;
const sides: readonly Side[] = ["left", "right"];

/**
 * transformers v5.18, tokenization_utils_base.py, `_get_padding_truncation_strategies`.
 * @throws ArgumentError for unknown values, padding without a padding token, and lengths that contradict each other
 */
export function strategiesFor(options: StrategyOptions, defaults: StrategyDefaults): Strategies {
  const { padding = false, maxLength, padToMultipleOf, stride = 0 } = options;
  const { truncation = maxLength !== undefined && padding === false } = options;
  const { paddingSide = defaults.paddingSide, truncationSide = defaults.truncationSide } = options;

  let cutting = strategy("truncation", truncation, truncationStrategies, [
    "longest_first",
    "do_not_truncate",
  ]);
  let filling = strategy("padding", padding, paddingStrategies, ["longest", "do_not_pad"]);
  if (!sides.includes(truncationSide)) throw unknown("truncationSide", truncationSide, sides);
  if (!sides.includes(paddingSide)) throw unknown("paddingSide", paddingSide, sides);
  if (maxLength !== undefined && maxLength !== Number.POSITIVE_INFINITY)
    checkWhole(maxLength, "maxLength", 0);
  if (padToMultipleOf !== undefined) checkWhole(padToMultipleOf, "padToMultipleOf", 0);
  checkWhole(stride, "stride", 0);

  const limit = maxLength ?? defaults.modelMaxLength;
  if (limit === Number.POSITIVE_INFINITY) {
    cutting = "do_not_truncate";
    if (filling === "max_length") filling = "do_not_pad";
  }
  if (filling !== "do_not_pad" && defaults.padToken === null) {
    throw new ArgumentError("padding: the tokenizer has no padding token", {
      code: "no-padding-token",
      subject: "padding",
    });
  }
  const both = cutting !== "do_not_truncate" && filling !== "do_not_pad";
  if (both && padToMultipleOf !== undefined && limit % padToMultipleOf !== 0) {
    throw new ArgumentError(
      `padToMultipleOf: with truncation, expected a divisor of the maximal length ${limit}, got ${padToMultipleOf}`,
      { code: "length-not-multiple", subject: "padToMultipleOf" },
    );
  }
  return {
    truncation:
      cutting === "do_not_truncate"
        ? null
        : { maxLength: limit, strategy: cutting, stride, side: truncationSide },
    padding:
      filling === "do_not_pad"
        ? null
        : {
            ...defaults.padToken!,
            length: filling === "longest" ? "longest" : limit,
            multipleOf: padToMultipleOf ?? null,
            side: paddingSide,
          },
  };
}

/** The strategy of a name, or of true and false. */
function strategy<T extends string>(
  option: string,
  value: unknown,
  names: readonly T[],
  [ofTrue, ofFalse]: readonly [T, T],
): T {
  if (typeof value === "boolean") return value ? ofTrue : ofFalse;
  const found = names.find((name) => name === value);
  if (found === undefined) throw unknown(option, value, [true, false, ...names]);
  return found;
}

function unknown(option: string, value: unknown, known: readonly (string | boolean)[]): ArgumentError {
  const names = known.map((name) => JSON.stringify(name));
  const given =
    typeof value === "string" || typeof value === "number" ? JSON.stringify(value) : describe(value);
  return new ArgumentError(
    `${option}: expected ${names.slice(0, -1).join(", ")} or ${names.at(-1)}, got ${given}`,
    { subject: option },
  );
}
