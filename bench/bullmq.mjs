// What watching a queue and its worker costs an application with BullMQ: CPU of
// its own thread and throughput, a job from `add` to `completed`, against the
// same application that is not watched, in turns, each in a process of its own.

import { findRedis, startRedis } from "@wsight/testkit";
import { ask, end, hear, start } from "./children.mjs";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 40);
const WARM_UP_ROUNDS = 8;
const JOBS = 400;
const WORK = [
  ["jobs that do nothing", "nothing"],
  ["jobs that tell of progress once", "progress"],
  ["jobs of a millisecond of CPU", "millisecond"],
];
const VARIANTS = [
  ["bare", "no probe"],
  ["probe", "probe, nothing watched"],
  ["watched", "queue and worker watched"],
];

async function compare(title, kind, redis) {
  const children = VARIANTS.map(([variant]) => start("bullmq/subject.mjs", [variant, kind, String(redis.port)]));
  await Promise.all(children.map(hear));
  const costs = VARIANTS.map(() => ({ micros: [], perSecond: [] }));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (let turn = 0; turn < VARIANTS.length; turn++) {
      const i = (turn + round) % VARIANTS.length;
      const { micros, perSecond } = await ask(children[i], JOBS);
      if (round < WARM_UP_ROUNDS) continue;
      costs[i].micros.push(micros);
      costs[i].perSecond.push(perSecond);
    }
  }
  await end(...children);
  // The quarter of the rounds that neighbours disturbed least.
  const micros = costs.map((cost) => percentile(cost.micros, 0.25));
  const perSecond = costs.map((cost) => percentile(cost.perSecond, 0.75));
  const rows = VARIANTS.map(([, name], i) => [
    name,
    micros[i].toFixed(1),
    (micros[i] / micros[0]).toFixed(3),
    perSecond[i].toFixed(0),
    (perSecond[i] / perSecond[0]).toFixed(3),
  ]);
  table(title, ["", "µs CPU a job", `÷ ${VARIANTS[0][1]}`, "jobs a second", `÷ ${VARIANTS[0][1]}`], rows);
}

if (findRedis() === null) {
  console.log("redis-server is not installed: there is nothing to measure");
} else {
  const redis = await startRedis();
  for (const [title, kind] of WORK) await compare(`BullMQ on Redis, ${title}, from add to completed`, kind, redis);
  await redis.stop();
}
