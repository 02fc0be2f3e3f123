import { erfc } from "./reference/erf.ts";

const STEPS_PER_UNIT = 128;

/** Below, x · Φ(x) is less than the least positive f32; above, Φ(x) is 1 to nine digits. */
const LEAST = -14.5;
const GREATEST = 6.5;

/**
 * x · Φ(x) for a range of `values`, in place: Φ, the normal distribution, from a table of its values, continued
 * by three terms of its Taylor series. The next term is below 2e-11; relative to the result it passes f32's
 * last place only below x = −9. Twice as fast as the same by one exponential.
 */
export function createGelu(): (values: Float64Array, start: number, end: number) => void {
  const origin = -LEAST * STEPS_PER_UNIT;
  const entries = (GREATEST - LEAST) * STEPS_PER_UNIT + 1;
  const integral = new Float64Array(entries); // Φ at (i − origin) / STEPS_PER_UNIT
  const density = new Float64Array(entries); // its derivative there
  for (let i = 0; i < entries; i++) {
    const x = (i - origin) / STEPS_PER_UNIT;
    integral[i] = erfc(-x / Math.SQRT2) / 2;
    density[i] = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  }

  return function gelu(values, start, end) {
    for (let i = start; i < end; i++) {
      const x = values[i]!;
      if (x < LEAST) {
        values[i] = x * 0; // −0; NaN for −∞, as the formula has it
      } else if (x <= GREATEST) {
        const nearest = Math.floor(x * STEPS_PER_UNIT + 0.5) | 0;
        const c = nearest / STEPS_PER_UNIT;
        const h = x - c;
        const entry = nearest + origin;
        const polynomial = 1 + h * (-c / 2 + (h * (c * c - 1)) / 6);
        values[i] = x * (integral[entry]! + h * density[entry]! * polynomial);
      }
    }
  };
}
