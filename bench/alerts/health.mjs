// The health badge in a simulated week: error ratio 0.4 % with a limit of 1 %, and seven incidents. Counted are onsets
// that no incident explains, changes of the badge, and how late each incident is seen. The control is what the plain
// rule says: more than 1 % within the last 5 s, or within the last minute.
import { AdaptiveRatio } from "@wsight/hub";
import { table } from "../report.mjs";

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;
const LIMIT = 0.01;
const USUAL = 0.004;
const HOLD = 120;
const SEEDS = [1, 2, 3, 4];
/** What an incident leaves in the longest window explains an onset soon after it. */
const AFTERMATH = 1800 + HOLD;
const INCIDENTS = [
  { at: 12 * HOUR, lasts: 120, ratio: 0.3 },
  { at: 30 * HOUR, lasts: 600, ratio: 0.2 },
  { at: 50 * HOUR, lasts: HOUR, ratio: 0.1 },
  { at: 75 * HOUR, lasts: 3 * HOUR, ratio: 0.05 },
  { at: 100 * HOUR, lasts: 12 * HOUR, ratio: 0.025 },
  { at: 130 * HOUR, lasts: 300, ratio: 0.5 },
  { at: 150 * HOUR, lasts: 1800, ratio: 0.15 },
];

/** Mulberry32: the same week for every rule. */
function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function poisson(random, mean) {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let k = 0;
  let p = Math.exp(-mean);
  for (let left = random() - p; left > 0 && k < 500; left -= p) p *= mean / ++k;
  return k;
}

function binomial(random, n, p) {
  if (n > 40) return Math.min(n, poisson(random, n * p));
  let k = 0;
  for (let i = 0; i < n; i++) if (random() < p) k++;
  return k;
}

/** The plain rule over the last `seconds`. */
function plain(seconds) {
  const bad = new Array(seconds).fill(0);
  const total = new Array(seconds).fill(0);
  return (t, b, n) => {
    bad[t % seconds] = b;
    total[t % seconds] = n;
    const all = total.reduce((sum, one) => sum + one, 0);
    return all > 0 && bad.reduce((sum, one) => sum + one, 0) / all > LIMIT;
  };
}

function adaptive() {
  const ratio = new AdaptiveRatio();
  return (t, b, n) => {
    ratio.add(t * 1000, b, n);
    return ratio.exceeds(LIMIT) !== null;
  };
}

const RULES = [
  { name: "plain, 5 s", make: () => plain(5), hold: 0 },
  { name: "plain, 1 min", make: () => plain(60), hold: 0 },
  { name: "wsight", make: adaptive, hold: HOLD },
];

function week(rate, seed, { make, hold }) {
  const random = seeded(seed);
  const sees = make();
  const seen = INCIDENTS.map(() => null);
  let [shown, lastAt, flips, falseOnsets] = [false, -Infinity, 0, 0];
  for (let t = 0; t < WEEK; t++) {
    const index = INCIDENTS.findIndex(({ at, lasts }) => t >= at && t < at + lasts);
    const total = poisson(random, rate);
    const beyond = sees(t, binomial(random, total, INCIDENTS[index]?.ratio ?? USUAL), total);
    if (beyond) lastAt = t;
    if (beyond && index >= 0) seen[index] ??= t - INCIDENTS[index].at;
    const now = beyond || t - lastAt < hold;
    if (now === shown) continue;
    flips++;
    shown = now;
    const explained = INCIDENTS.some(({ at, lasts }) => t >= at && t < at + lasts + AFTERMATH);
    if (now && !explained) falseOnsets++;
  }
  return { falseOnsets, flips, seen };
}

const rows = [];
for (const rate of [0.2, 5, 200]) {
  for (const rule of RULES) {
    const weeks = SEEDS.map((seed) => week(rate, seed, rule));
    const mean = (pick) => (weeks.reduce((sum, one) => sum + pick(one), 0) / weeks.length).toFixed(1);
    const delays = INCIDENTS.map((_, i) => {
      const all = weeks.map(({ seen }) => seen[i]).sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
      return all[Math.floor((all.length - 1) / 2)] ?? "–";
    });
    const found = weeks.reduce((sum, { seen }) => sum + seen.filter((one) => one !== null).length, 0);
    rows.push([
      rate,
      rule.name,
      mean((one) => one.falseOnsets),
      mean((one) => one.flips),
      `${found} of ${weeks.length * INCIDENTS.length}`,
      delays.join(", "),
    ]);
  }
}
table(
  `Health badge, a simulated week (mean of ${SEEDS.length}); 14 changes are ideal`,
  ["messages/s", "rule", "false onsets", "changes", "incidents seen", "seconds until seen, median by incident"],
  rows,
);
console.log("\nIncidents: 30 % 2 min · 20 % 10 min · 10 % 1 h · 5 % 3 h · 2.5 % 12 h · 50 % 5 min · 15 % 30 min");
