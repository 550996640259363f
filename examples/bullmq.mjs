// Documents that are worked on by BullMQ: some take long, some fail and are tried again, some have priority.
//   node examples/bullmq.mjs    needs a Redis at 127.0.0.1:6379, or REDIS_URL
import { setTimeout as wait } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { monitor } from "wsight";

const { hostname, port } = new URL(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
const connection = { host: hostname, port: Number(port || 6379) };
const STAGES = ["reading", "analyzing", "writing"];
const PLANS = ["unlimited", "premium", "normal", "large"];

async function work(job) {
  for (let percent = 0; percent < 100; percent += 10) {
    await job.updateProgress({ percent, stage: STAGES[Math.floor(percent / 34)] });
    await wait(50 + job.data.bytes / 1e5);
  }
  if (Math.random() < 0.1) throw new Error("the scanner is out of paper");
  return { pages: Math.ceil(job.data.bytes / 1e5) };
}

const queue = new Queue("documents", {
  connection,
  defaultJobOptions: {
    attempts: 3,
    backoff: { type: "exponential", delay: 1000 },
    removeOnComplete: 1000,
    removeOnFail: 1000,
  },
});
const workers = ["scan-1", "scan-2"].map((name) => new Worker("documents", work, { connection, name, concurrency: 3 }));
for (const part of [queue, ...workers]) part.on("error", (error) => console.error(error.message));

await monitor(
  { queue, worker: workers },
  {
    service: "documents",
    jobs: {
      describe: ({ data }) => ({
        userId: data.user,
        sizeBytes: data.bytes,
        plan: data.plan,
        label: data.file,
      }),
      results: true,
    },
  },
);

for (let i = 1; ; i++) {
  const plan = PLANS[i % PLANS.length];
  const data = {
    user: `user-${i % 7}`,
    file: `scan-${i}.pdf`,
    bytes: Math.round(Math.exp(12 + 4 * Math.random())),
    plan,
  };
  await queue.add("scan", data, { priority: PLANS.indexOf(plan) + 1 }).catch(() => wait(1000));
  await wait(600);
}
