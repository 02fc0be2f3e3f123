import type { FileSource } from "../../src/index.ts";
import { openModelPlace } from "../../src/sources/model-source.ts";
import { checkPlacement } from "../../src/tensor/placement.ts";
import type { PoolModel } from "../../src/workers/encoding-pool.ts";
import { modelFolder } from "../helpers/fixtures.ts";

/** What a pool of a SentenceTransformer is started with. */
export async function poolModel(source: string | FileSource = modelFolder("bert-mean")): Promise<PoolModel> {
  return {
    place: await openModelPlace(source),
    settings: { modelType: "SentenceTransformer", placement: checkPlacement() },
  };
}
