// Runs in each runtime: embeds the texts of the cases given, with the package given, and prints JSON.
// Arguments: the package's entry, and a JSON file { options, cases: [{ name, folder, texts }] }.
import { readFileSync } from "node:fs";
import process from "node:process";

const [entry, jobFile] = process.argv.slice(2);
const { SentenceTransformer } = await import(entry);
const { options, cases } = JSON.parse(readFileSync(jobFile, "utf8"));
const results = {};
let backend = "";
for (const { name, folder, texts } of cases) {
  const model = await SentenceTransformer.load(folder, options);
  backend = model.backend;
  results[name] = (await model.encode(texts)).map((vector) => [...vector]);
  await model.dispose();
}
console.log(JSON.stringify({ backend, results }));
