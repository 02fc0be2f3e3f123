import { nodeResolve } from "@rollup/plugin-node-resolve";

export default [
  {
    input: { main: "page.js" },
    output: { dir: "dist/page", format: "es" },
    plugins: [nodeResolve({ browser: true })],
  },
  {
    input: { main: "server.js" },
    output: { dir: "dist/server", format: "es" },
    external: /^node:/,
    plugins: [nodeResolve({ exportConditions: ["node"] })],
  },
];
