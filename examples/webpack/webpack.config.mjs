import { fileURLToPath } from "node:url";

const folder = (name) => fileURLToPath(new URL(`dist/${name}`, import.meta.url));

export default [
  { name: "page", mode: "production", entry: "./page.js", output: { path: folder("page") } },
  {
    name: "server",
    mode: "production",
    entry: "./server.js",
    target: "node",
    output: { path: folder("server") },
  },
];
