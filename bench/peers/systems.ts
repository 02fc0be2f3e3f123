/** The systems that are measured: how each is started, and what it is told to load. */
import { fileURLToPath } from "node:url";
import type { DriverCommand } from "./driver.ts";
import type { PeerModel, WeightFile } from "./models.ts";
import type { PeerOptions } from "./options.ts";

export interface System {
  readonly name: string;
  /** Systems of one kind are installed by one command, and take the same room. */
  readonly kind: "sentensor" | "transformers.js" | "python";
  readonly weights: WeightFile;
  /** Whether it computes with eight bits: then its embeddings only resemble the float32 ones. */
  readonly quantized: boolean;
  readonly start: (threads: number) => DriverCommand;
  /** The request `load`. */
  readonly load: (model: PeerModel, threads: number) => object;
}

const driver = (file: string) => fileURLToPath(new URL(`./drivers/${file}`, import.meta.url));

/** In the order of the table. `python` is null where there is none. */
export function listSystems(options: PeerOptions, python: string | null): readonly System[] {
  const all = [
    ...sentensorSystems(options),
    transformersJs(options, "node", "fp32"),
    transformersJs(options, "node", "q8"),
    transformersJs(options, "web", "fp32"),
    transformersJs(options, "web", "q8"),
    ...(python === null ? [] : [pythonLibrary(python)]),
  ];
  if (options.systems.length === 0) return all;
  return all.filter(({ name }) => options.systems.some((part) => name.includes(part)));
}

function sentensorSystems({ node, library, backend, dtypes, wideSimd }: PeerOptions): readonly System[] {
  return dtypes.flatMap((dtype) =>
    (wideSimd ? [false, true] : [false]).map((wide): System => {
      const given = {
        ...(backend === undefined ? {} : { backend }),
        ...(dtype === undefined ? {} : { dtype }),
        ...(wide ? { wideSimd: true } : {}),
      };
      return {
        name: ["sentensor", dtype, wide ? "wide SIMD" : undefined].filter(Boolean).join(" "),
        kind: "sentensor",
        weights: "safetensors",
        quantized: dtype === "int8",
        start: () => ({ program: node, args: [driver("sentensor.mjs")], environment: {} }),
        load: ({ folder }, threads) => ({ library, folder, options: { ...given, threads } }),
      };
    }),
  );
}

function transformersJs(options: PeerOptions, runtime: "node" | "web", dtype: "fp32" | "q8"): System {
  return {
    name: `transformers.js ${runtime === "node" ? "native" : "wasm"} ${dtype}`,
    kind: "transformers.js",
    weights: dtype,
    quantized: dtype === "q8",
    start: () => ({ program: options.node, args: [driver("transformers-js.mjs")], environment: {} }),
    load: ({ folder, pooling, externalData }, threads) => ({
      ...{ folder, runtime, dtype, threads, pooling },
      externalData: externalData && dtype === "fp32",
      sortTexts: options.sortPeers,
    }),
  };
}

export function pythonLibrary(python: string): System {
  return {
    name: "Python sentence-transformers",
    kind: "python",
    weights: "safetensors",
    quantized: false,
    start: (threads) => ({
      program: python,
      args: [driver("sentence_transformers_driver.py")],
      environment: { OMP_NUM_THREADS: `${threads}`, RAYON_NUM_THREADS: `${threads}` },
    }),
    load: ({ folder }, threads) => ({ folder, threads }),
  };
}
