import { createProbe, type Probe } from "@wsight/probe";
import { until } from "@wsight/testkit";
import { expect, it, onTestFinished } from "vitest";
import { createJobHub, type JobHub } from "./job-hub.ts";

function create(): Probe {
  const probe = createProbe({ service: "shop", instance: "web-1", intervalMs: 100 });
  onTestFinished(() => probe.close());
  return probe;
}

const jobsOf = (hub: JobHub): string[] => hub.events().map(({ job }) => job);

/** Tells of a job and waits until a hub hears of it. No worker is told of, so that each has a frame of its own. */
async function tell(probe: Probe, job: string, hub: JobHub): Promise<number> {
  probe.jobQueued("ada", { jobId: job });
  await until(() => jobsOf(hub).includes(job), { what: job });
  return hub.frames.at(-1)?.seq ?? 0;
}

it("what a hub knows and has not kept is told to the next one", async () => {
  const probe = create();
  const first = createJobHub();
  const leave = probe.connect(first);
  const kept = await tell(probe, "a", first);
  first.acknowledge(kept, kept);
  const taken = await tell(probe, "b", first);
  first.acknowledge(kept, taken);
  leave();
  const second = createJobHub({ eager: true });
  probe.connect(second);
  await tell(probe, "c", second);
  expect(jobsOf(second)).toEqual(["b", "c"]);
});

it("what one of two hubs has not kept stays, whatever the other keeps", async () => {
  const probe = create();
  const [sure, unsure] = [createJobHub(), createJobHub()];
  const leave = [probe.connect(sure), probe.connect(unsure)];
  const seq = await tell(probe, "a", sure);
  await until(() => jobsOf(unsure).includes("a"), { what: "a" });
  unsure.acknowledge(0, seq);
  sure.acknowledge(seq, seq);
  for (const end of leave) end();
  const third = createJobHub({ eager: true });
  probe.connect(third);
  await tell(probe, "b", third);
  expect(jobsOf(third)).toEqual(["a", "b"]);
});
