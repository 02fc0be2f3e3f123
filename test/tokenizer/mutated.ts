/** Any JSON value near another one. */
export function mutated(value: unknown, random: (below: number) => number): unknown {
  const choice = random(12);
  if (choice === 0) return null;
  if (choice === 1) return random(2) === 0 ? -1 : 2 ** 31;
  if (choice === 2) return "nonsense";
  if (choice === 3) return [];
  if (choice === 4) return {};
  if (Array.isArray(value) && value.length > 0) {
    const copy = [...value];
    const i = random(copy.length);
    if (choice === 5) copy.splice(i, 1);
    else copy[i] = mutated(copy[i], random);
    return copy;
  }
  if (value !== null && typeof value === "object" && Object.keys(value).length > 0) {
    const copy: Record<string, unknown> = { ...value };
    const keys = Object.keys(copy);
    const key = keys[random(Math.min(keys.length, 40))]!;
    if (choice === 5) delete copy[key];
    else copy[key] = mutated(copy[key], random);
    return copy;
  }
  return typeof value === "string" ? `${value}\u0000` : typeof value === "number" ? value + 0.5 : !value;
}
