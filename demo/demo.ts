/**
 * What sentensor does, in two seconds and without a network: npm run demo
 *
 * Loads the small English model that ships with the repository, embeds the sentences of the documentation,
 * compares them, and searches a small corpus by meaning.
 */
import { SentenceTransformer } from "../src/index.ts";
import { corpus } from "./corpus.ts";

const sentences = [
  "This framework generates embeddings for each input sentence",
  "Sentences are passed as a list of strings.",
  "The quick brown fox jumps over the lazy dog.",
];

const questions = ["sadness", "where ships can stay", "music made with strings", "the cold time of the year"];

function similarity(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0); // the model's vectors have length 1
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
}

const started = performance.now();
const model = await SentenceTransformer.load(new URL("../models/demo-en", import.meta.url));
const loaded = performance.now();
console.log(
  `demo-en: ${model.getEmbeddingDimension()} dimensions, texts of up to ${model.maxSeqLength} tokens, ${model.backend}`,
);
console.log(`loaded in ${(loaded - started).toFixed(0)} ms\n`);

const embeddings = await model.encode(sentences);
for (const [i, sentence] of sentences.entries()) {
  const numbers = [...embeddings[i]!.subarray(0, 5)].map((value) => value.toFixed(4).padStart(7));
  console.log(`Sentence ${i + 1}: ${sentence}\nEmbedding:  [${numbers.join(", ")}, …]\n`);
}

console.log("Cosine similarity of the sentences:");
console.log(`${" ".repeat(46)}${sentences.map((_, i) => `${i + 1}`.padStart(7)).join("")}`);
for (const [i, sentence] of sentences.entries()) {
  const row = embeddings.map((other) => similarity(embeddings[i]!, other).toFixed(3).padStart(7));
  console.log(`  ${i + 1}  ${shorten(sentence, 40)}  ${row.join("")}`);
}

const before = performance.now();
const documents = await model.encode(corpus);
const rate = (corpus.length / (performance.now() - before)) * 1000;
console.log(`\nA corpus of ${corpus.length} definitions, embedded at ${rate.toFixed(0)} a second. Searches:`);
for (const question of questions) {
  const query = await model.encode(question);
  const ranked = documents
    .map((document, i) => ({ text: corpus[i]!, score: similarity(query, document) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 3);
  console.log(`\n  “${question}”`);
  for (const { text, score } of ranked) console.log(`    ${score.toFixed(3)}  ${text}`);
}

await model.dispose();
console.log(`\n${((performance.now() - started) / 1000).toFixed(2)} s in all`);
