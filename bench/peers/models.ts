/** The models that are measured. bench/models.py builds them. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export const MODEL_NAMES = ["minilm", "bge-base", "e5-small", "e5-large"] as const;

export type ModelName = (typeof MODEL_NAMES)[number];

export interface PeerModel {
  readonly name: ModelName;
  /** The model on the hub that has this shape. */
  readonly shapeOf: string;
  readonly folder: string;
  readonly pooling: string;
  /** Bytes of the files of weights that each system loads; undefined where there is none. */
  readonly bytes: Readonly<Record<WeightFile, number | undefined>>;
  /** Whether the weights of the float32 ONNX file lie in a file of their own, as they must above 2 GB. */
  readonly externalData: boolean;
}

export type WeightFile = "safetensors" | "fp32" | "q8";

/** null where bench/models.py has not built it. */
export function findModel(modelsFolder: string, name: ModelName): PeerModel | null {
  const folder = join(modelsFolder, name);
  const description = join(folder, "bench.json");
  if (!existsSync(description)) return null;
  const { shapeOf, pooling } = JSON.parse(readFileSync(description, "utf8"));
  const bytesOf = (...names: readonly string[]) => {
    const files = names.map((file) => join(folder, file)).filter((file) => existsSync(file));
    return files.length === 0 ? undefined : files.reduce((sum, file) => sum + statSync(file).size, 0);
  };
  return {
    ...{ name, shapeOf, folder, pooling },
    bytes: {
      safetensors: bytesOf("model.safetensors"),
      fp32: bytesOf("onnx/model.onnx", "onnx/model.onnx_data"),
      q8: bytesOf("onnx/model_quantized.onnx"),
    },
    externalData: existsSync(join(folder, "onnx/model.onnx_data")),
  };
}
