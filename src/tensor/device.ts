import { UnsupportedError } from "../errors.ts";

/** Where a model computes. */
export type DeviceName = "cpu";

const devices: readonly DeviceName[] = ["cpu"];

/** @throws UnsupportedError for a device that is not known. */
export function checkDevice(device: unknown): DeviceName {
  const known = devices.find((name) => name === device);
  if (known !== undefined) return known;
  const names = devices.map((name) => JSON.stringify(name)).join(", ");
  throw new UnsupportedError(
    `device ${JSON.stringify(device) ?? String(device)} is not supported; known: ${names}`,
    { code: "unsupported-device", subject: "device" },
  );
}
