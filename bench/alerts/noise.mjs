// Notices of the alert engine on 34 noisy series, against a bare comparison, each with its limit at the 95th percentile:
// where a limit is most of the time too close. The series are made here, from a seed, of the kinds that are met in the
// field: load that goes up and down with the day, noise with and without memory, heavy tails, steps, bursts and saw
// teeth. Counted are notices (a firing and its end are two), how much later than the comparison something fires, and
// breaches that last two evaluations longer than a rule demands and were never told.
import { composeNotice, createAlertEngine, createPlan } from "@wsight/hub";
import { table } from "../report.mjs";

const POINTS = 7000;
const EVERY_SEC = 5;
const EVERY_MS = EVERY_SEC * 1000;
const T0 = Date.UTC(2026, 0, 1);
const DAY = 288;
/** Evaluations beyond what a rule demands after which a breach must have been told. */
const SPARE = 2;

/** Mulberry32, and normals from it. */
function seeded(seed) {
  let a = seed >>> 0;
  const uniform = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/** Noise that remembers: `memory` of the value before. */
function remembering({ normal }, memory) {
  let value = 0;
  return () => {
    value = memory * value + Math.sqrt(1 - memory * memory) * normal();
    return value;
  };
}

const KINDS = {
  "white noise": (random) => () => 50 + 10 * random.normal(),
  "noise with memory": (random) => {
    const noise = remembering(random, 0.5 + 0.4 * random.uniform());
    return () => 50 + 10 * noise();
  },
  "a day's load": (random) => {
    const noise = remembering(random, 0.4);
    const swing = 5 + 15 * random.uniform();
    return (i) => 50 + swing * Math.sin((2 * Math.PI * i) / DAY) + 8 * noise();
  },
  "heavy tails": (random) => () => 20 * Math.exp(0.8 * random.normal()),
  steps: (random) => {
    const noise = remembering(random, 0.2);
    let level = 50;
    return () => {
      if (random.uniform() < 0.004) level = 40 + 25 * random.uniform();
      return level + 6 * noise();
    };
  },
  bursts: (random) => {
    let left = 0;
    return () => {
      if (left === 0 && random.uniform() < 0.008) left = 1 + Math.floor(-12 * Math.log(1 - random.uniform()));
      if (left > 0) left--;
      return (left > 0 ? 80 : 40) + 12 * random.normal();
    };
  },
  "saw teeth": (random) => {
    const length = 40 + Math.floor(120 * random.uniform());
    return (i) => 30 + (40 * (i % length)) / length + 8 * random.normal();
  },
};

/** Five of each kind but the last, which has four: 34. */
function makeSeries() {
  const all = Object.entries(KINDS).flatMap(([kind, make]) => [1, 2, 3, 4, 5].map((n) => ({ kind, make, n })));
  return all.slice(0, 34).map(({ kind, make, n }, i) => {
    const next = make(seeded(1000 * n + i));
    const values = Float64Array.from({ length: POINTS }, (_, at) => next(at));
    const sorted = values.toSorted();
    return { kind, values, limit: sorted[Math.floor(0.95 * POINTS)], recovery: sorted[Math.floor(0.9 * POINTS)] };
  });
}

function ruleWith(parts) {
  return {
    id: "noise",
    name: "Noise",
    kind: "threshold",
    metric: "process.event_loop.lag",
    agg: "last",
    filter: {},
    windowSec: EVERY_SEC,
    groupBy: [],
    op: "gt",
    warn: 0,
    crit: null,
    recovery: null,
    severity: "warning",
    wilson: false,
    burnRate: null,
    expression: null,
    forSec: 2 * EVERY_SEC,
    keepFiringSec: 3 * EVERY_SEC,
    everySec: EVERY_SEC,
    minSamples: 1,
    noData: { mode: "keep", afterSec: 60 },
    flap: null,
    labels: {},
    summary: "",
    description: "",
    runbookUrl: "",
    repeatSec: 14_400,
    maxRepeats: null,
    enabled: true,
    builtin: false,
    version: 1,
    createdBy: "",
    updatedAt: 0,
    ...parts,
  };
}

/** Notices and firings of one series under one rule. */
function run({ values, limit, recovery }, rule, withRecovery) {
  const labels = {};
  const good = withRecovery ? recovery : limit;
  const at = { now: T0 };
  const observer = {
    observe() {
      const value = values[(at.now - T0) / EVERY_MS];
      const level = value > limit ? "warning" : null;
      return [{ labels, value, samples: 1, level, good: value <= good, limit }];
    },
    ended: () => false,
    culprits: () => [],
  };
  let episodesBegun = 0;
  const engine = createAlertEngine({
    observer,
    plan: createPlan({ silences: [], channels: [{ id: "one", enabled: true }], route: null, inhibitions: [] }),
    words: { notice: (facts) => composeNotice(facts, { publicUrl: null }), summary: () => "" },
    newEpisodeId: () => String(++episodesBegun),
  });
  engine.setRules([rule], T0);
  const notices = [];
  for (; at.now < T0 + POINTS * EVERY_MS; at.now += EVERY_MS) {
    for (const _ of engine.evaluate(at.now));
    notices.push(...(engine.take()?.commit.notices ?? []));
  }
  return notices.map(({ notice }) => ({ kind: notice.kind, turn: (notice.at - T0) / EVERY_MS }));
}

/** Unbroken stretches beyond the limit. */
function breachesOf({ values, limit }) {
  const breaches = [];
  let from = -1;
  for (let i = 0; i <= POINTS; i++) {
    const isBeyond = i < POINTS && values[i] > limit;
    if (isBeyond && from < 0) from = i;
    if (isBeyond || from < 0) continue;
    breaches.push({ from, length: i - from });
    from = -1;
  }
  return breaches;
}

/** Delays of what fired, in evaluations after its breach began, and breaches that should have been told and were not. */
function judge(series, notices, rule) {
  const demanded = rule.forSec / EVERY_SEC;
  const delays = [];
  let lost = 0;
  for (const { from, length } of breachesOf(series)) {
    const isFiring = notices.findLast(({ kind, turn }) => turn < from && (kind === "firing" || kind === "resolved"));
    if (isFiring?.kind === "firing") continue;
    const told = notices.find(({ kind, turn }) => kind === "firing" && turn >= from && turn < from + length);
    if (told !== undefined) delays.push(told.turn - from);
    else if (length > demanded + SPARE) lost++;
  }
  return { delays, lost };
}

const FLAP = { transitions: 4, windowSec: 1800, holdSec: 900 };
const RULES = [
  { name: "must last 2", parts: { keepFiringSec: 0 } },
  { name: "must last 2, goes on for 3", parts: {} },
  { name: "must last 2, goes on for 3, recovers below p90", parts: {}, withRecovery: true },
  { name: "must last 2, goes on for 3, held while it flaps", parts: { flap: FLAP } },
  {
    name: "as rules that come with wsight: must last 60 s, goes on for 60 s, held while it flaps",
    parts: { forSec: 60, keepFiringSec: 60, flap: FLAP },
  },
];

const all = makeSeries();
const naive = all.map((series) => {
  const breaches = breachesOf(series);
  return 2 * breaches.length - (breaches.at(-1)?.from + breaches.at(-1)?.length === POINTS ? 1 : 0);
});
const sum = (list) => list.reduce((total, one) => total + one, 0);
const fewer = (count, control) => `${((1 - count / control) * 100).toFixed(1)} %`;

const rows = [["bare comparison", sum(naive), "–", "0", "0"]];
const byKind = new Map();
for (const { name, parts, withRecovery } of RULES) {
  const rule = ruleWith(parts);
  let told = 0;
  let lost = 0;
  const delays = [];
  for (const [i, series] of all.entries()) {
    const notices = run(series, rule, withRecovery ?? false);
    const judged = judge(series, notices, rule);
    told += notices.length;
    lost += judged.lost;
    delays.push(...judged.delays);
    const kind = byKind.get(series.kind) ?? { naive: 0, told: 0 };
    if (name === RULES[3].name)
      byKind.set(series.kind, { naive: kind.naive + naive[i], told: kind.told + notices.length });
  }
  rows.push([name, told, fewer(told, sum(naive)), Math.max(...delays), lost]);
}
table(
  `Notices on ${all.length} noisy series of ${POINTS} evaluations, limit at their p95`,
  ["rule", "notices", "fewer", "evaluations later, at most", "lasting breaches not told"],
  rows,
);
table(
  `By kind of series: ${RULES[3].name}`,
  ["series", "bare comparison", "notices", "fewer"],
  [...byKind].map(([kind, counts]) => [kind, counts.naive, counts.told, fewer(counts.told, counts.naive)]),
);
