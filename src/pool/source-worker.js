// The entry of a pool's worker while sources are run as they are, by tsx. The package has pool-worker-node.js.
import { register } from "tsx/esm/api";

register();
await import("./pool-worker-node.ts");
