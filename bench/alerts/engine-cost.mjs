// What the engine of alerts adds to what reading figures costs: 1,000 rules with 20 instances each, all of them looked at,
// with figures that are there already. CPU is the kernel's accounting of the process, garbage collection included; a step is
// what runs between two rests.
import { composeNotice, createAlertEngine, createPlan, DEFAULT_RULES } from "@wsight/hub";
import { percentile, table } from "../report.mjs";

const RULES = 1000;
const INSTANCES = 20;
const WARM = 20;
const EVALUATIONS = 60;
const T0 = Date.UTC(2026, 0, 1);

/** Whether instance `i` is beyond its limit in evaluation `turn`. */
const CASES = {
  "all in range": () => false,
  "one in twenty beyond its limit, another one each time": (i, turn) => (i + turn) % 20 === 0,
  "all firing": () => true,
};

function run(isBeyond) {
  const usual = DEFAULT_RULES.find(({ id }) => id === "event-loop-lag");
  const rules = Array.from({ length: RULES }, (_, i) => ({ ...usual, id: `rule-${i}`, everySec: 1, forSec: 2 }));
  const labels = rules.map(() => Array.from({ length: INSTANCES }, (_, i) => ({ node: `chat/${i}` })));
  const place = new Map(rules.map(({ id }, i) => [id, i]));
  let turn = 0;
  const observer = {
    observe: ({ id }) => {
      const rule = place.get(id);
      return labels[rule].map((of, i) => {
        const isBad = isBeyond(rule * INSTANCES + i, turn);
        return {
          labels: of,
          value: isBad ? 2 : 0,
          samples: 9,
          level: isBad ? "warning" : null,
          good: !isBad,
          limit: 1,
        };
      });
    },
    ended: () => false,
    culprits: () => [],
  };
  let episodes = 0;
  const engine = createAlertEngine({
    observer,
    plan: createPlan({ silences: [], channels: [{ id: "one", enabled: true }], route: null, inhibitions: null }),
    words: { notice: (facts) => composeNotice(facts, { publicUrl: null }), summary: () => "" },
    newEpisodeId: () => String(++episodes),
  });
  engine.setRules(rules, T0);
  const steps = [];
  let kept = 0;
  let cpuFrom = process.cpuUsage();
  for (; turn < WARM + EVALUATIONS; turn++) {
    if (turn === WARM) cpuFrom = process.cpuUsage();
    let longest = 0;
    for (const evaluation = engine.evaluate(T0 + turn * 1000); ; ) {
      const from = performance.now();
      const { done } = evaluation.next();
      longest = Math.max(longest, performance.now() - from);
      if (done) break;
    }
    const changes = engine.take();
    if (turn < WARM) continue;
    steps.push(longest);
    kept += changes?.commit.instances.length ?? 0;
  }
  const { user, system } = process.cpuUsage(cpuFrom);
  return { cpuMs: (user + system) / 1000 / EVALUATIONS, steps, kept: kept / EVALUATIONS };
}

const rows = Object.entries(CASES).map(([name, isBeyond]) => {
  const { cpuMs, steps, kept } = run(isBeyond);
  return [
    name,
    cpuMs.toFixed(1),
    percentile(steps, 0.5).toFixed(2),
    percentile(steps, 0.99).toFixed(2),
    kept.toFixed(0),
  ];
});
table(
  `Engine of alerts: ${RULES} rules × ${INSTANCES} instances, per evaluation`,
  ["instances", "CPU, ms", "longest step, median ms", "longest step, p99 ms", "states kept"],
  rows,
);
