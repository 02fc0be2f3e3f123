// The entry of a pool's worker while sources are run as they are. The package has pool-worker-node.js.
// A worker that loaded the sources one by one through tsx would take three times as long (2026-11-23, Node 20).
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("./pool-worker-node.ts", import.meta.url))],
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
});
await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
