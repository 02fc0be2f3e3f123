import { parseArgs } from "node:util";
import type { StreamOptions } from "../../base-model/encode-options.ts";
import { linkTarget, sentencesPath } from "../../embedding-files/file-access-node.ts";
import { loadEmbeddings } from "../../embedding-files/save.ts";
import {
  type EmbeddingPrecision,
  embeddingPrecisions,
  storedForm,
} from "../../embeddings/quantize-embeddings.ts";
import { FormatError, ShapeError } from "../../errors.ts";
import { ProgressDisplay, texts as unit } from "../../runtime/progress-display.ts";
import { SentenceTransformer } from "../../sentence-transformer.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { computeHelp, computeOptions, loadOptions, oneOf, wholeNumber } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { type InputFormat, inputFormatOf, inputFormats } from "../input/formats.ts";
import {
  argumentInput,
  countTexts,
  fileInput,
  sliceTexts,
  streamInput,
  type TextInput,
} from "../input/text-input.ts";
import { checkLayout, skipStored } from "../output/check-stored.ts";
import { checkDistinct } from "../output/distinct-files.ts";
import { encodeInto } from "../output/encode-into.ts";
import {
  type ExistingOutput,
  FileSink,
  hasContent,
  openFileSink,
  partialPath,
  type RowLayout,
  removeOutput,
} from "../output/file-sink.ts";
import { quantizeFile } from "../output/quantize-file.ts";
import type { Outcome, RowSink } from "../output/row-sink.ts";
import { StdoutSink } from "../output/stdout-sink.ts";
import { parseShard, type Shard, shardRange } from "../shard.ts";
import { terminalOf } from "../text-output.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  ...computeOptions,
  input: { type: "string", short: "i" },
  "input-format": { type: "string" },
  field: { type: "string" },
  column: { type: "string" },
  output: { type: "string", short: "o" },
  resume: { type: "boolean" },
  overwrite: { type: "boolean" },
  texts: { type: "boolean" },
  "no-texts": { type: "boolean" },
  shard: { type: "string" },
  "prompt-name": { type: "string" },
  prompt: { type: "string" },
  task: { type: "string" },
  normalize: { type: "boolean" },
  "truncate-dim": { type: "string" },
  precision: { type: "string" },
  ranges: { type: "string" },
  "batch-size": { type: "string" },
} as const;

const help = `Embeds texts: those of the command line, those of a file, or (with -) those of standard input.
Embeddings are written as they come, in the order of the texts; memory stays the same however many there are.

Input
  -i, --input FILE     a text a line (.txt and any other name), an object a line (.jsonl), a record a line (.csv,
                       .tsv, with the names of the columns in the first line)
  --input-format NAME  txt, jsonl, csv or tsv, where the file's name does not say it
  --field NAME         which field of the objects is the text (default: text)
  --column NAME        which column of the records is the text (default: text)
  --shard I/N          only the I-th of N equal parts; the outputs of all parts, one after the other, are the whole

Output
  -o, --output FILE    .safetensors, .npy (for numpy) or .jsonl; without it, lines of JSON on standard output
  --resume             go on where an earlier run ended, killed or not: nothing is lost, nothing comes twice.
                       Give the same input and the same settings: other texts are rejected where the file has the
                       texts (.npy has neither texts nor settings, unless there are --texts)
  --overwrite          replace the file if there is one, once the new one is whole (FILE.partial until then)
  --texts, --no-texts  write the texts along with the embeddings, or not (default: not with .npy)

Embeddings
  --prompt-name NAME   put the model's prompt of this name in front of each text
  --prompt TEXT        put this text in front of each text
  --task NAME          the route of models that have several: query, document
  --normalize          make each embedding of length 1
  --truncate-dim N     keep the first N dimensions
  --precision NAME     float32, int8, uint8, binary or ubinary. int8 and uint8 count steps between the lowest and
                       the highest value of each dimension: of all embeddings (they are kept as float32 in
                       FILE.float32.safetensors meanwhile), or those of --ranges
  --ranges FILE        an .npy or .safetensors file of shape [2, dimension]
  --batch-size N       texts that go through the model at once (default: 32)
${computeHelp}

Ctrl-C ends it with a file that is whole as far as it goes.`;

export const encode: Command = {
  name: "encode",
  usage: "encode MODEL [TEXT… | -i FILE | -]",
  summary: "embeds texts, from the command line or from files of any size",
  help,
  async run(argv, context) {
    const request = readRequest(argv);
    await checkFiles(request);
    const input = await openInput(request, context);
    const range = await rangeOf(request.shard, input, context);
    const model = await SentenceTransformer.load(request.model, {
      ...loadOptions(request.values, context),
      truncateDim: request.truncateDim,
    });
    try {
      await new EncodeRun(request, context, model, input, range).run();
    } finally {
      await model.dispose();
    }
  },
};

type Values = ReturnType<typeof parse>["values"];

interface Request {
  readonly model: string;
  readonly values: Values;
  readonly texts: readonly string[];
  readonly inputFile: string | undefined;
  readonly inputFormat: InputFormat;
  readonly output: string | undefined;
  readonly existing: ExistingOutput;
  readonly withTexts: boolean;
  readonly shard: Shard | undefined;
  readonly precision: EmbeddingPrecision;
  readonly truncateDim: number | undefined;
  readonly batchSize: number | undefined;
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], allowPositionals: true, options });
}

/** @throws UsageError for whatever is wrong before anything has been opened. */
function readRequest(argv: readonly string[]): Request {
  const { values, positionals } = parse(argv);
  const [model, ...texts] = positionals;
  if (model === undefined) throw new UsageError("encode: expected MODEL");
  if ((values.input === undefined) === (texts.length === 0)) {
    throw new UsageError("encode: expected either texts, or --input FILE, or - for standard input");
  }
  if (values.resume && values.overwrite)
    throw new UsageError("encode: --resume and --overwrite exclude each other");
  if (values.texts && values["no-texts"])
    throw new UsageError("encode: --texts and --no-texts exclude each other");
  if (values.field !== undefined && values.column !== undefined) {
    throw new UsageError("encode: --field is for .jsonl and --column for .csv and .tsv; pass one of them");
  }
  const { output } = values;
  if (output === undefined && (values.resume || values.overwrite)) {
    throw new UsageError("encode: --resume and --overwrite need an --output FILE");
  }
  if (output !== undefined && !/\.(?:npy|safetensors|jsonl)$/i.test(output)) {
    throw new UsageError(
      `--output: expected a name that ends with .safetensors, .npy or .jsonl, got "${output}"`,
    );
  }
  const inputFile = values.input ?? (texts.length === 1 && texts[0] === "-" ? "-" : undefined);
  const request: Request = {
    model,
    values,
    texts,
    inputFile,
    inputFormat:
      oneOf("--input-format", values["input-format"], inputFormats) ?? inputFormatOf(inputFile ?? ""),
    output,
    existing: values.resume ? "continue" : values.overwrite ? "replace" : "reject",
    withTexts: values.texts ?? (!values["no-texts"] && !output?.toLowerCase().endsWith(".npy")),
    shard: parseShard(values.shard),
    precision: oneOf("--precision", values.precision, embeddingPrecisions) ?? "float32",
    truncateDim: wholeNumber("--truncate-dim", values["truncate-dim"]),
    batchSize: wholeNumber("--batch-size", values["batch-size"]),
  };
  checkRanges(request);
  return request;
}

/** Whether embeddings have to be there, all of them, before the first one can be quantized. */
function needsAll({ precision, values }: Request): boolean {
  return (precision === "int8" || precision === "uint8") && values.ranges === undefined;
}

function checkRanges(request: Request): void {
  if (!needsAll(request)) return;
  const { precision, output, shard, inputFile } = request;
  const problem =
    output === undefined
      ? "without --output"
      : shard !== undefined
        ? "with --shard"
        : inputFile === "-"
          ? "of standard input"
          : null;
  if (problem === null) return;
  throw new UsageError(
    `--precision ${precision}: the ranges of all embeddings cannot be known ${problem}; pass --ranges FILE`,
  );
}

/** @throws UsageError where a file that is written would be one that is read */
async function checkFiles({ output, inputFile, values, model }: Request): Promise<void> {
  if (output === undefined) return;
  const file = await linkTarget(output);
  const written = [file, partialPath(file), floatsPath(output), partialPath(floatsPath(output))];
  const read = [model, values.ranges, inputFile === "-" ? undefined : inputFile];
  await checkDistinct(
    written.flatMap((path) => [path, sentencesPath(path)]),
    read.filter((path) => path !== undefined),
    inputFile === "-",
  );
}

/** Where float32 embeddings lie until all of them are there, and can be quantized by their ranges. */
function floatsPath(output: string): string {
  return `${output}.float32.safetensors`;
}

async function openInput(request: Request, { stdin }: Context): Promise<TextInput> {
  const { texts, inputFile, inputFormat: format, values } = request;
  if (inputFile === undefined) return argumentInput(texts);
  const field = values.field ?? values.column ?? "text";
  return inputFile === "-"
    ? streamInput(stdin, { format, field })
    : await fileInput(inputFile, { format, field });
}

interface TextRange {
  readonly start: number;
  /** Infinity: as many as there are. */
  readonly end: number;
}

async function rangeOf(shard: Shard | undefined, input: TextInput, { signal }: Context): Promise<TextRange> {
  if (shard === undefined) return { start: 0, end: input.count ?? Number.POSITIVE_INFINITY };
  if (!input.isRepeatable) throw new UsageError("--shard: the input has to be a file, to be counted first");
  return shardRange(shard, input.count ?? (await countTexts(input.texts(), signal)));
}

class EncodeRun {
  readonly #request: Request;
  readonly #context: Context;
  readonly #model: SentenceTransformer;
  readonly #input: TextInput;
  readonly #range: TextRange;

  constructor(
    request: Request,
    context: Context,
    model: SentenceTransformer,
    input: TextInput,
    range: TextRange,
  ) {
    this.#request = request;
    this.#context = context;
    this.#model = model;
    this.#input = input;
    this.#range = range;
  }

  async run(): Promise<void> {
    const { output, precision, withTexts } = this.#request;
    if (output === undefined) {
      await this.#encode(new StdoutSink(this.#context.stdout), precision, withTexts);
    } else if (needsAll(this.#request)) {
      await this.#encodeThenQuantize(output);
    } else {
      await this.#encode(await this.#openSink(output, precision), precision, withTexts);
    }
  }

  /** Float32 to a file of its own, which has the ranges; then all of it in the precision that is wanted. */
  async #encodeThenQuantize(output: string): Promise<void> {
    const { existing, precision, withTexts } = this.#request;
    const floats = floatsPath(output);
    if (existing !== "replace" && (await hasContent(output)) && !(await hasContent(floats))) {
      return await this.#checkComplete(output);
    }
    if (existing === "replace") await removeOutput(floats);
    // With the texts, whatever the output has: --resume compares them.
    try {
      const sink = await this.#openSink(floats, "float32");
      await this.#encode(sink, "float32", sink.layout?.sentences ?? true);
    } catch (error) {
      if (existing === "replace" && !this.#context.signal.aborted) await removeOutput(floats);
      throw error;
    }
    const sink = await this.#openSink(output, precision, "replace");
    const texts = withTexts ? this.#texts() : null;
    let outcome: Outcome = "failed";
    try {
      await quantizeFile(floats, sink, precision, texts);
      outcome = "complete";
    } finally {
      await texts?.return();
      await sink.close(outcome);
    }
    await removeOutput(floats);
  }

  /** A quantized file cannot be resumed, because new embeddings would change the ranges. */
  async #checkComplete(output: string): Promise<void> {
    const { precision, withTexts } = this.#request;
    const { signal } = this.#context;
    const sink = await this.#openSink(output, precision);
    const texts = this.#texts();
    let more: number;
    try {
      checkLayout(sink, this.#layout(precision, withTexts));
      await skipStored(sink, texts, signal);
      more = await countTexts(texts, signal);
    } finally {
      leave(texts);
      await sink.close("failed"); // nothing was to be written
    }
    if (more === 0) return;
    throw new FormatError(
      `has the embeddings of ${sink.count} texts, quantized by their ranges; the input has ${sink.count + more} texts now. ` +
        "--overwrite embeds all of them",
      { file: output, code: "embeddings-count-mismatch" },
    );
  }

  /** What the sink does not have yet. */
  async #encode(sink: RowSink, precision: EmbeddingPrecision, withTexts: boolean): Promise<void> {
    const { signal, stderr } = this.#context;
    const done = sink.count;
    const progress = new ProgressDisplay(terminalOf(stderr), "encode:", unit);
    const ahead: (number | null)[] = [];
    const onText = (index: number) => {
      const fraction = this.#fraction(done + index);
      if (index === 0) progress.start({ done, fraction });
      ahead.push(fraction);
    };
    const texts = this.#texts();
    let cut: number;
    let outcome: Outcome = "failed";
    try {
      if (sink instanceof FileSink) {
        checkLayout(sink, this.#layout(precision, withTexts));
        await skipStored(sink, texts, signal);
      }
      cut = await encodeInto(sink, this.#model, watched(texts, onText), {
        encode: await this.#streamOptions(precision),
        withTexts,
        onRow: (index) => progress.update({ done: done + index, fraction: ahead.shift() }),
      });
      outcome = "complete";
    } catch (error) {
      if (signal.aborted && error === signal.reason) outcome = "interrupted";
      throw error;
    } finally {
      progress.close();
      leave(texts);
      await sink.close(outcome);
      if (outcome === "interrupted" && this.#request.output !== undefined && sink.count > 0) {
        await stderr.write(`${sink.count} embeddings are there; --resume goes on after them\n`);
      }
    }
    if (cut === 0) return;
    const longer = `longer than ${this.#model.maxSeqLength} tokens`;
    await stderr.write(`${cut} of ${sink.count - done} texts had their ends cut off: they are ${longer}\n`);
  }

  /** Those of the range. */
  #texts(): AsyncGenerator<string, void, undefined> {
    const { start, end } = this.#range;
    return sliceTexts(this.#input.texts(), start, end);
  }

  /** What the rows of this run have in common. */
  #layout(precision: EmbeddingPrecision, sentences: boolean): RowLayout {
    return { ...storedForm(precision, this.#model.getEmbeddingDimension()), sentences };
  }

  /** How far the run is where the text of a row has just been read. */
  #fraction(row: number): number | null {
    const { start, end } = this.#range;
    return Number.isFinite(end) ? row / (end - start) : this.#input.fractionRead();
  }

  async #openSink(
    file: string,
    precision: EmbeddingPrecision,
    existing: ExistingOutput = this.#request.existing,
  ): Promise<FileSink> {
    const { model, values } = this.#request;
    const { prompts, defaultPromptName, maxSeqLength, truncateDim } = this.#model;
    const name = values["prompt-name"] ?? defaultPromptName;
    return await openFileSink(file, existing, {
      model,
      prompt: values.prompt ?? (name === null ? "" : prompts[name]) ?? "",
      metadata: {
        precision,
        normalized: String(values.normalize ?? false),
        truncate_dim: String(truncateDim ?? "none"),
        max_seq_length: String(maxSeqLength),
        task: values.task ?? "none",
        shard: values.shard ?? "1/1",
        // The same part of another number of texts has other texts.
        ...(values.shard === undefined ? {} : { shard_texts: `${this.#range.start} to ${this.#range.end}` }),
      },
    });
  }

  async #streamOptions(precision: EmbeddingPrecision): Promise<StreamOptions<EmbeddingPrecision>> {
    const { values, batchSize } = this.#request;
    return {
      promptName: values["prompt-name"],
      prompt: values.prompt,
      task: values.task,
      normalizeEmbeddings: values.normalize,
      batchSize,
      precision,
      quantizationRanges: values.ranges === undefined ? undefined : await readRanges(values.ranges),
      signal: this.#context.signal,
    };
  }
}

/** Closes a source that may be waited for: standard input answers when somebody types. */
function leave(texts: AsyncGenerator<string, void, undefined>): void {
  texts.return().catch(() => {});
}

/** Calls `onText` with the index of each text before it passes it on. */
async function* watched(texts: AsyncGenerator<string, void, undefined>, onText: (index: number) => void) {
  let index = 0;
  for await (const text of texts) {
    onText(index++);
    yield text;
  }
}

async function readRanges(file: string): Promise<Tensor> {
  const { embeddings } = await loadEmbeddings(file, { convertToTensor: true });
  if (embeddings.shape[0] !== 2) {
    throw new ShapeError(
      `--ranges: expected shape [2, dimension], ${file} has ${formatShape(embeddings.shape)}`,
    );
  }
  return embeddings;
}
