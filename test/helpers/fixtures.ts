/** The tiny models of test/fixtures/models and what the Python library gives on them (README.md there). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { openSafetensors } from "../../src/checkpoint/safetensors/open.ts";
import { FolderSource } from "../../src/sources/folder-source-node.ts";

const folder = new URL("../fixtures/models/", import.meta.url);

/** The demo model ships with the repository; what the library gives on it lies in a folder of its own. */
const DEMO = "demo-en";

function dataFolder(name: string): URL {
  return name === DEMO ? new URL("../fixtures/demo-en/", import.meta.url) : folder;
}

export interface Run {
  readonly name: string;
  readonly method: "encode" | "encodeQuery" | "encodeDocument";
  readonly options: Readonly<Record<string, unknown>>;
  /** Indices into the case's texts. */
  readonly texts: readonly number[];
  readonly prompt: string | null;
  readonly promptLength?: number | null;
  /** Of each text alone, with special tokens, truncated. */
  readonly tokenIds: readonly (readonly number[])[];
  /** f32Other: how far float32 is from float64 in the library's AVX2 kernels; not recorded for the demo model. */
  readonly error: { readonly f32Other?: number };
}

export interface Expected {
  readonly oracle: Readonly<Record<string, string>>;
  readonly settings: {
    /** null: no limit. */
    readonly maxSeqLength: number | null;
    readonly embeddingDimension: number;
    readonly prompts: Readonly<Record<string, string>>;
    readonly defaultPromptName: string | null;
    readonly similarityFnName: string | null;
    readonly truncateDim: number | null;
  };
  readonly texts: readonly string[];
  readonly runs: readonly Run[];
  readonly hidden?: readonly {
    readonly text: number;
    /** Without the embeddings, whose output is layer 0. */
    readonly layers: number;
    readonly tokenIds: readonly number[];
  }[];
  readonly pooler?: readonly number[];
  readonly pairs?: {
    readonly texts: readonly (readonly [string, string])[];
    readonly maxLength: number;
  } | null;
}

/** The cases whose name begins with `prefix`. */
export function caseNames(prefix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith(".expected.json.gz"))
    .map((name) => basename(name, ".expected.json.gz"));
}

export function modelFolder(name: string): string {
  return fileURLToPath(
    name === DEMO ? new URL("../../models/demo-en", import.meta.url) : new URL(name, folder),
  );
}

/** The folder of a case that holds the encoder: named by modules.json, or the model's own. */
export function encoderFolder(name: string): string {
  const root = modelFolder(name);
  const modules = join(root, "modules.json");
  if (!existsSync(modules)) return root;
  const [first] = JSON.parse(readFileSync(modules, "utf8")) as { readonly path: string }[];
  return join(root, first!.path);
}

export function readExpected(name: string): Expected {
  const bytes = readFileSync(new URL(`${name}.expected.json.gz`, dataFolder(name)));
  return JSON.parse(gunzipSync(bytes).toString("utf8")) as Expected;
}

export interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The numbers of a case. */
export class Numbers {
  readonly #checkpoint: Checkpoint;

  private constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  static async open(name: string): Promise<Numbers> {
    return new Numbers(
      await openSafetensors(
        new FolderSource(fileURLToPath(dataFolder(name))),
        `${name}.expected.safetensors`,
      ),
    );
  }

  has(tensor: string): boolean {
    return this.#checkpoint.tensors.has(tensor);
  }

  /** Rows of an F32, F64 or I32 tensor, all as f64, which holds each of them exactly. */
  async read(tensor: string): Promise<Matrix> {
    const info = this.#checkpoint.tensors.get(tensor);
    if (info === undefined)
      throw new Error(`${this.#checkpoint.name} has no ${tensor}; regenerate the fixtures`);
    const { buffer } = (await this.#checkpoint.readBytes(tensor)).slice();
    const values =
      info.dtype === "F64"
        ? new Float64Array(buffer)
        : Float64Array.from(info.dtype === "I32" ? new Int32Array(buffer) : new Float32Array(buffer));
    return { shape: info.shape, values };
  }

  close(): Promise<void> {
    return this.#checkpoint.close();
  }
}

/** The largest |a − b| of a row over the largest |b| of that row, over all rows. NaN counts as infinitely far. */
export function relativeDistance(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  width: number,
  kept: (row: number) => boolean = () => true,
): number {
  let worst = 0;
  for (let row = 0; row < b.length / width; row++) {
    if (!kept(row)) continue;
    let largest = 0;
    let distance = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      if (a[i] === b[i]) {
        largest = Math.max(largest, Math.abs(b[i]!));
        continue;
      }
      const difference = Math.abs(a[i]! - b[i]!);
      distance = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(distance, difference);
      largest = Math.max(largest, Math.abs(b[i]!));
    }
    if (distance > 0) worst = Math.max(worst, distance / largest);
  }
  return worst;
}
