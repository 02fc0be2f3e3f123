/**
 * What is tried of each example. Several entries may share one folder under examples/.
 *
 * - `ci`: part of .ci/run; all of it is part of .ci/nightly
 * - `versions`: other versions of its packages, or further packages, than its package.json has
 * - `install`: the command, where it is not npm's
 * - `build`: commands that must succeed
 * - `run`: a command that prints a result as JSON, or leaves it in the file `result`; with `alone`, which names the
 *   build's folder, where nothing is but that folder and the model
 * - `page`: the folder that is served, or the command `serve` that does it itself; with `route`, which answers with a
 *   result of the server's own
 * - `runtime`: whose numbers a program must give; "node" unless it says something else
 * - `pool`, `threads`: false where there cannot be any
 */
const npx = (name, command) => `npm exec --yes --package=${name} -- ${command}`;

export const MATRIX = [
  { name: "types", folder: null, ci: true },

  { name: "vite-5", folder: "vite", versions: { vite: "5.4.21" }, build: ["npm run build"], page: "dist" },
  {
    name: "vite-7",
    folder: "vite",
    ci: true,
    versions: { vite: "7.3.8" },
    build: ["npm run build"],
    page: "dist",
  },
  { name: "vite-8", folder: "vite", build: ["npm run build"], page: "dist" },
  {
    name: "vite-7-dev",
    folder: "vite",
    versions: { vite: "7.3.8" },
    page: { serve: "npx vite --host 127.0.0.1 --port $PORT --strictPort" },
  },
  {
    name: "vite-8-dev",
    folder: "vite",
    page: { serve: "npx vite --host 127.0.0.1 --port $PORT --strictPort" },
  },
  { name: "vite-ssr", folder: "vite-ssr", build: ["npm run build"], run: "node dist/main.js", alone: "dist" },

  {
    name: "next-turbopack",
    folder: "next",
    ci: true,
    model: "public/demo-en",
    build: ["npm run build"],
    page: { serve: "npm start -- --hostname 127.0.0.1 --port $PORT", route: "/api/embed" },
  },
  {
    name: "next-webpack",
    folder: "next",
    model: "public/demo-en",
    build: ["npm run build:webpack"],
    page: { serve: "npm start -- --hostname 127.0.0.1 --port $PORT", route: "/api/embed" },
  },

  {
    name: "webpack",
    folder: "webpack",
    ci: true,
    build: ["npm run build"],
    page: ".",
    run: "node dist/server/main.js",
    alone: "dist/server",
  },
  {
    name: "rollup",
    folder: "rollup",
    build: ["npm run build"],
    page: ".",
    run: "node dist/server/main.js",
    alone: "dist/server",
  },

  {
    name: "esbuild-cjs",
    folder: "esbuild",
    ci: true,
    build: ["npm run build:cjs"],
    run: "node dist/server.cjs",
    alone: "dist",
  },
  {
    name: "esbuild-esm",
    folder: "esbuild",
    build: ["npm run build:esm"],
    run: "node dist/server.mjs",
    alone: "dist",
  },
  {
    name: "esbuild-minified",
    folder: "esbuild",
    build: ["npm run build:minified"],
    run: "node dist/server.mjs",
    alone: "dist",
  },
  { name: "esbuild-page", folder: "esbuild", build: ["npm run build:page"], page: "." },
  { name: "esbuild-split", folder: "esbuild", build: ["npm run build:split"], page: "." },

  { name: "parcel", folder: "parcel", build: ["npm run build"], page: "dist" },
  { name: "ncc", folder: "ncc", build: ["npm run build"], run: "node dist/index.js", alone: "dist" },

  { name: "bun", folder: "bun", ci: true, runtime: "bun", run: "bun server.js" },
  {
    name: "bun-build",
    folder: "bun",
    ci: true,
    runtime: "bun",
    build: ["bun run build"],
    run: "bun dist/server.js",
    alone: "dist",
  },
  {
    name: "bun-build-node",
    folder: "bun",
    build: ["bun run build:node"],
    run: "node dist/server.js",
    alone: "dist",
  },
  { name: "bun-build-page", folder: "bun", build: ["bun run build:page"], page: "." },
  {
    name: "bun-compile",
    folder: "bun",
    ci: true,
    runtime: "bun",
    build: ["bun run compile"],
    run: "dist/server",
    alone: "dist",
  },
  { name: "deno", folder: "deno", runtime: "deno", run: "deno task --quiet start" },

  { name: "commonjs", folder: "commonjs", run: "npm start" },
  { name: "jest", folder: "jest", ci: true, run: "npm test", result: "embeddings.json" },
  { name: "vitest", folder: "vitest", run: "npm test", result: "embeddings.json" },
  {
    name: "pnpm",
    folder: "pnpm",
    install: npx("pnpm@12.21.0", "pnpm install"),
    run: npx("pnpm@12.21.0", "pnpm start"),
  },
  {
    name: "yarn-pnp",
    folder: "yarn-pnp",
    install: npx("@yarnpkg/cli-dist@4.18.1", "yarn install"),
    run: npx("@yarnpkg/cli-dist@4.18.1", "yarn start"),
  },

  {
    name: "typescript-oldest",
    folder: "typescript",
    ci: true,
    versions: { typescript: "5.2.2" },
    build: ["npm run check", "npm run build"],
    run: "npm start",
  },
  {
    name: "typescript-newest",
    folder: "typescript",
    ci: true,
    build: ["npm run check", "npm run build"],
    run: "npm start",
  },
  {
    name: "typescript-with-types-of-node",
    folder: "typescript",
    versions: { "@types/node": "24.19.4" },
    build: [
      "npx tsc -p tsconfig.bundler.json --types node --lib ES2023",
      "npx tsc -p tsconfig.node.json --types node --lib ES2023",
    ],
    run: "npm start",
  },

  { name: "browser", folder: "browser", page: "." },
  {
    name: "service-worker",
    folder: "service-worker",
    build: ["npm run build"],
    page: ".",
    pool: false,
    threads: false,
  },
];
