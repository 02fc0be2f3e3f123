/** Finds the next of some UTF-16 units in a text: its position at `from` or later, -1 where there is none. */
export type UnitFinder = (text: string, from: number) => number;

/** A finder that leaves the search to the engine's own, which look at many units at once. */
export function unitFinder(units: ReadonlySet<number>): UnitFinder {
  if (units.size === 0) return () => -1;
  const [first] = units;
  if (units.size === 1) {
    const character = String.fromCharCode(first!);
    return (text, from) => text.indexOf(character, from);
  }
  const escaped = Array.from(units, (unit) => `\\u${unit.toString(16).padStart(4, "0")}`);
  const pattern = new RegExp(`[${escaped.join("")}]`, "g");
  return (text, from) => {
    pattern.lastIndex = from;
    return pattern.test(text) ? pattern.lastIndex - 1 : -1;
  };
}
