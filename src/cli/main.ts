#!/usr/bin/env node
/** Starts the command line, with the code that V8 compiled for it the last time (Node 22.8 and newer). */
import * as nodeModule from "node:module";

// It lies in the system's folder for temporary files; NODE_DISABLE_COMPILE_CACHE=1 turns it off.
(nodeModule as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import("./command-line.ts");
process.exitCode = await main();
