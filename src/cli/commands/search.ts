import { parseArgs } from "node:util";
import { loadEmbeddings } from "../../embedding-files/save.ts";
import { ProgressDisplay, texts as unit } from "../../runtime/progress-display.ts";
import { SentenceTransformer } from "../../sentence-transformer.ts";
import { semanticSearchAsync } from "../../similarity/semantic-search.ts";
import { computeHelp, computeOptions, loadOptions, oneOf, wholeNumber } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { inputFormatOf, inputFormats } from "../input/formats.ts";
import { fileInput } from "../input/text-input.ts";
import { terminalOf } from "../text-output.ts";
import { UsageError } from "../usage-error.ts";

/** So many embeddings of the corpus are compared at a time. */
const BLOCK = 1024;

const options = {
  ...computeOptions,
  input: { type: "string", short: "i" },
  "input-format": { type: "string" },
  field: { type: "string" },
  column: { type: "string" },
  "top-k": { type: "string", short: "k" },
  json: { type: "boolean" },
} as const;

/** A text of the corpus that is like a query. */
interface Hit {
  readonly score: number;
  /** From 1 on. */
  readonly number: number;
  /** null: the corpus is a file of embeddings without texts. */
  readonly text: string | null;
}

export const search: Command = {
  name: "search",
  usage: "search MODEL -i CORPUS QUERY…",
  summary: "finds the texts of a file that are most like a query",
  help: `Embeds the texts of a file and the queries, with the prompts that the model has for documents and queries, and
prints for each query the texts that are most like it: score, number of the text in the file (from 1 on), text.

  -i, --input FILE     the corpus: .txt, .jsonl, .csv, .tsv as in encode; or embeddings of this model, as encode
                       writes them to .safetensors and .npy
  --input-format NAME  txt, jsonl, csv or tsv, where the file's name does not say it
  --field NAME         which field of the objects is the text (default: text)
  --column NAME        which column of the records is the text (default: text)
  -k, --top-k N        how many texts to print for each query (default: 10)
  --json               print a line of JSON for each text: query, score, number, text
${computeHelp}`,
  async run(argv, context) {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options });
    const [name, ...queries] = positionals;
    const { input } = values;
    if (name === undefined || input === undefined || queries.length === 0) {
      throw new UsageError("search: expected MODEL, --input FILE and at least one QUERY");
    }
    const topK = wholeNumber("--top-k", values["top-k"]) ?? 10;
    const format = oneOf("--input-format", values["input-format"], inputFormats) ?? inputFormatOf(input);
    const model = await SentenceTransformer.load(name, loadOptions(values, context));
    try {
      const found = /\.(?:safetensors|npy)$/i.test(input)
        ? await searchEmbeddings(model, queries, input, topK, context)
        : await searchTexts(
            model,
            queries,
            await fileInput(input, { format, field: values.field ?? values.column ?? "text" }),
            topK,
            context,
          );
      await print(queries, found, values.json ?? false, context);
    } finally {
      await model.dispose();
    }
  },
};

async function searchEmbeddings(
  model: SentenceTransformer,
  queries: readonly string[],
  file: string,
  topK: number,
  { signal }: Context,
): Promise<Hit[][]> {
  const { embeddings, sentences } = await loadEmbeddings(file, { convertToTensor: true });
  const queryEmbeddings = await model.encodeQuery(queries, { convertToTensor: true, signal });
  const scoreFunction = model.similarityFnName;
  const found = await semanticSearchAsync(queryEmbeddings, embeddings, { topK, scoreFunction, signal });
  return found.map((hits) =>
    hits.map(({ corpusId, score }) => ({ score, number: corpusId + 1, text: sentences?.[corpusId] ?? null })),
  );
}

/** Block by block: the corpus need not fit in memory. */
async function searchTexts(
  model: SentenceTransformer,
  queries: readonly string[],
  input: Awaited<ReturnType<typeof fileInput>>,
  topK: number,
  { signal, stderr }: Context,
): Promise<Hit[][]> {
  const best: Hit[][] = queries.map(() => []);
  const queryEmbeddings = await model.encodeQuery(queries, { convertToTensor: true, signal });
  const scoreFunction = model.similarityFnName;
  let texts: string[] = [];
  let embeddings: Float32Array[] = [];
  let before = 0;
  const compare = async () => {
    const found = await semanticSearchAsync(queryEmbeddings, embeddings, { topK, scoreFunction, signal });
    for (const [query, hits] of found.entries()) {
      const added = hits.map(({ corpusId, score }) => {
        return { score, number: before + corpusId + 1, text: texts[corpusId]! };
      });
      // A stable sort: of equal scores, the earlier text stays in front.
      best[query] = [...best[query]!, ...added].sort((a, b) => b.score - a.score).slice(0, topK);
    }
    before += texts.length;
    texts = [];
    embeddings = [];
  };
  const promptName = ["document", "passage", "corpus"].find((name) => Object.hasOwn(model.prompts, name));
  const stream = model.encodeStream(input.texts(), { promptName, task: "document", signal });
  const progress = new ProgressDisplay(terminalOf(stderr), "search:", unit);
  progress.start({ done: 0, fraction: 0 });
  try {
    for await (const { index, text, embedding } of stream) {
      progress.update({ done: index, fraction: input.fractionRead() });
      texts.push(text);
      embeddings.push(embedding);
      if (texts.length === BLOCK) await compare();
    }
    if (texts.length > 0) await compare();
  } finally {
    progress.close();
  }
  return best;
}

async function print(
  queries: readonly string[],
  found: readonly (readonly Hit[])[],
  json: boolean,
  { stdout }: Context,
): Promise<void> {
  for (const [i, query] of queries.entries()) {
    const hits = found[i]!;
    if (json) {
      for (const hit of hits) await stdout.write(`${JSON.stringify({ query, ...hit })}\n`);
      continue;
    }
    if (queries.length > 1) await stdout.write(`${i === 0 ? "" : "\n"}${query}\n`);
    const width = Math.max(0, ...hits.map(({ number }) => String(number).length));
    for (const { score, number, text } of hits) {
      const shown = text === null ? "" : `  ${text.replaceAll(/\s+/g, " ")}`;
      await stdout.write(`${score.toFixed(4).padStart(8)}  ${String(number).padStart(width)}${shown}\n`);
    }
  }
}
