/** Where a model computes, with which kernels, and how its weights are kept. */

import { ArgumentError, UnsupportedError } from "../errors.ts";
import type { OptionNames } from "../runtime/check-options.ts";
import type { MatrixDType } from "./backend.ts";
import { checkDevice, type DeviceName } from "./device.ts";

/** Which CPU kernels: SIMD WebAssembly, or JavaScript where that may not be compiled. */
export type BackendName = "wasm" | "js";

export interface BackendOptions {
  /** Which CPU kernels. undefined: WebAssembly where it works, and JavaScript elsewhere. */
  readonly backend?: BackendName | undefined;
  /**
   * How many threads compute. 1: this one, and no worker is started. undefined: as many as the machine offers, where
   * threads can share memory (in browsers: on cross-origin isolated pages). It changes no number.
   */
  readonly threads?: number | undefined;
  /**
   * true: vectors of 256 bits, for up to twice the speed in Node 24 and newer, by an experimental pass of its
   * compiler. The kernels are tested before they are used; where they do not work, or bring nothing, the ordinary
   * ones serve. undefined: false, unless the environment says SENTENSOR_WIDE_SIMD=1. It changes no number.
   */
  readonly wideSimd?: boolean | undefined;
}

export interface PlacementOptions extends BackendOptions {
  /** Where to compute. */
  readonly device?: DeviceName | undefined;
  /** How weights are kept and multiplied. */
  readonly dtype?: MatrixDType | undefined;
}

export const placementOptionNames: OptionNames<PlacementOptions> = {
  device: true,
  dtype: true,
  backend: true,
  threads: true,
  wideSimd: true,
};

/**
 * The options that were checked, as one value. It is plain data, which travels from `load` to the modules, their weights
 * and the workers of a pool. What is undefined, each thread settles for itself when it selects a backend.
 */
export interface Placement {
  readonly device: DeviceName;
  readonly dtype: MatrixDType;
  readonly backend: BackendName | undefined;
  readonly threads: number | undefined;
  readonly wideSimd: boolean | undefined;
}

/**
 * Looks at the options alone, so that a caller can do it before it opens files.
 *
 * @throws ArgumentError for values that are not known
 * @throws UnsupportedError for a device or dtype that is not known ("unsupported-device", "unsupported-dtype"), and for
 *   a combination that no runtime has
 */
export function checkPlacement({
  device,
  dtype,
  backend,
  threads,
  wideSimd,
}: PlacementOptions = {}): Placement {
  const place = device === undefined ? "cpu" : checkDevice(device);
  if (dtype !== undefined && dtype !== "float32") {
    throw new UnsupportedError(`load: dtype ${JSON.stringify(dtype)} is not supported; known: float32`, {
      code: "unsupported-dtype",
      subject: "dtype",
    });
  }
  if (backend !== undefined && backend !== "wasm" && backend !== "js") {
    throw new ArgumentError(`backend: expected "wasm" or "js", got ${JSON.stringify(backend)}`, {
      subject: "backend",
    });
  }
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads > 0)) {
    throw new ArgumentError(`threads: expected a whole number from 1 on, got ${String(threads)}`, {
      subject: "threads",
    });
  }
  if (backend === "js" && threads !== undefined && threads > 1) {
    throw new UnsupportedError(`threads: the backend "js" computes in one thread, got ${threads}`, {
      code: "threads-unavailable",
      subject: "threads",
    });
  }
  return {
    device: place,
    dtype: dtype ?? "float32",
    backend,
    threads,
    wideSimd,
  };
}

/** The placement of one worker of a pool: on its device, in one thread, since the workers are the threads. */
export function placeWorker(placement: Placement, device: DeviceName): Placement {
  return { ...placement, device, threads: 1 };
}
