// Randomness that can be repeated: a test prints its seed, and `SEED=…` runs it again.

/** A generator with the seed of the environment, or a fresh one. */
export function seeded(seed = process.env.SEED ?? String(Date.now() % 1_000_000_007)) {
  return new Random(Number(seed));
}

class Random {
  constructor(seed) {
    if (!Number.isInteger(seed)) throw new Error(`the seed must be a whole number, not ${seed}`);
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /** At least 0 and less than 1 (mulberry32). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `from` up to and with `to`. */
  between(from, to) {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(of) {
    return this.next() < of;
  }
}
