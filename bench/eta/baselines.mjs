// What an estimate is measured against. Each has the same two calls:
// `predict(job)` → `{ p50, p10, p90 }` in ms, or null, and `learn(job)`.

const CALIBRATED_ON = 500;
const CLASSES = 5;
const AROUND = 0.3;

/** A table of five classes of size, each with the mean of the first 500 jobs, ± 30 %. */
export function staticTable() {
  const first = [];
  let bounds = [];
  let means = [];
  const classOf = (size) => bounds.findIndex((bound) => (size ?? 0) <= bound);
  return {
    predict(job) {
      if (means.length === 0) return null;
      const p50 = means[classOf(job.size)];
      return { p50, p10: p50 * (1 - AROUND), p90: p50 * (1 + AROUND) };
    },
    learn(job) {
      if (first.push(job) !== CALIBRATED_ON) return;
      const sizes = first.map(({ size }) => size ?? 0).sort((a, b) => a - b);
      bounds = Array.from({ length: CLASSES }, (_, place) =>
        place === CLASSES - 1 ? Number.POSITIVE_INFINITY : sizes[Math.floor(((place + 1) * sizes.length) / CLASSES)],
      );
      const all = mean(first.map(({ runMs }) => runMs));
      means = bounds.map((_, place) => {
        const runs = first.filter(({ size }) => classOf(size) === place).map(({ runMs }) => runMs);
        return runs.length === 0 ? all : mean(runs);
      });
    },
  };
}

/** The mean of the last two jobs of the same user (Tsafrir), of all jobs for a new user. */
export function lastTwoOfUser() {
  const byUser = new Map();
  const all = runningMean();
  return {
    predict(job) {
      const runs = byUser.get(job.user);
      if (runs === undefined) return all.predict(job);
      return { p50: mean(runs), p10: Math.min(...runs), p90: Math.max(...runs) };
    },
    learn(job) {
      all.learn(job);
      byUser.set(job.user, [...(byUser.get(job.user) ?? []), job.runMs].slice(-2));
    },
  };
}

/** The mean of all jobs so far, ± 30 %. */
export function runningMean() {
  let sum = 0;
  let many = 0;
  return {
    predict() {
      if (many === 0) return null;
      const p50 = sum / many;
      return { p50, p10: p50 * (1 - AROUND), p90: p50 * (1 + AROUND) };
    },
    learn(job) {
      sum += job.runMs;
      many += 1;
    },
  };
}

function mean(list) {
  return list.reduce((sum, each) => sum + each, 0) / list.length;
}
