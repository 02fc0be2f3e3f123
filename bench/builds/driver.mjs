// One process of bench/builds/run.ts: imports a build, embeds one text, then many; prints what each took, in
// ms, and the process's peak memory in MB.
// node driver.mjs ENTRY MODEL OPTIONS
const [entry, folder, options] = process.argv.slice(2);
const started = performance.now();
const { SentenceTransformer } = await import(entry);
const imported = performance.now();
const model = await SentenceTransformer.load(folder, JSON.parse(options));
await model.encode("a fish of cold rivers");
const first = performance.now();

const texts = Array.from({ length: 64 }, (_, i) => `text ${i} ${"of many words ".repeat(1 + (i % 9))}`);
let best = Number.POSITIVE_INFINITY;
for (let run = 0; run < 12; run++) {
  const begun = performance.now();
  await model.encode(texts);
  best = Math.min(best, performance.now() - begun);
}
await model.dispose();
const result = {
  import: imported - started,
  // Counted from the start of the process.
  "first embedding": first,
  "64 texts": best,
  "peak memory": process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(result));
