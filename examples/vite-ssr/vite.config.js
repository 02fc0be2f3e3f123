import { defineConfig } from "vite";

export default defineConfig({
  // The build then holds everything, and runs without node_modules.
  ssr: { noExternal: true },
});
