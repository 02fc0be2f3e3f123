const SQRT_PI = Math.sqrt(Math.PI);

/** From here on the continued fraction is used: it converges the faster, the larger x is. */
const TAIL = 2;

/** Enough for the last bit of f64 at x = TAIL, the slowest point. */
const FRACTION_TERMS = 64;

/**
 * The error function to a few units of f64's last place, from its two textbook expansions (Abramowitz and
 * Stegun, Handbook of Mathematical Functions, 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  if (Math.abs(x) < TAIL) return series(x);
  return x > 0 ? 1 - tail(x) : tail(-x) - 1;
}

/** 1 − erf(x), without the cancellation that this subtraction has for large x. */
export function erfc(x: number): number {
  if (x < TAIL) return 1 - erf(x);
  return tail(x);
}

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3 … (2n+1)): all terms have one sign, so nothing cancels. */
function series(x: number): number {
  let term = ((2 * x) / SQRT_PI) * Math.exp(-x * x);
  let sum = 0;
  for (let n = 0; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return sum;
}

/** erfc(x) = e^(−x²) / √π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), evaluated from its far end. */
function tail(x: number): number {
  let fraction = x;
  for (let n = FRACTION_TERMS; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / SQRT_PI / fraction;
}
