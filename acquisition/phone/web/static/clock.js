// The page's clock, its step, and waiting.

const SAMPLES = 8;
const WORST_TICK_MS = 20;

export const now = () => performance.now();

// Browsers show their clock in steps of 5 µs to a millisecond.
export function tickMs() {
  let tick = WORST_TICK_MS;
  const end = performance.now() + WORST_TICK_MS * 2;
  for (let sample = 0; sample < SAMPLES && performance.now() < end; sample += 1) {
    const start = performance.now();
    let next = start;
    while (next === start && next < end) next = performance.now();
    if (next > start) tick = Math.min(tick, next - start);
  }
  return tick;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function withDeadline(promise, ms, what) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
