import type { IngestOptions } from "@wsight/hub";
import { encodeLinkText, type HubFrame, type JobEvent, type JobsAckFrame, type JobsFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { type FakeProbe, Rig, START } from "./current-rig.ts";

type OnJobs = NonNullable<IngestOptions["onJobs"]>;
type Told = Parameters<OnJobs>[0];

/** What was told, each with how to say that it is kept. */
interface Taken extends Told {
  readonly keep: () => void;
}

function rigged(): { rig: Rig; probe: FakeProbe; taken: Taken[] } {
  const taken: Taken[] = [];
  const rig = new Rig({ onJobs: (told) => new Promise((keep) => taken.push({ ...told, keep })) });
  return { rig, probe: rig.probe(), taken };
}

const started: JobEvent = { kind: "started", at: START, queue: "mails", job: "1", worker: "w" };

function frame(probe: FakeProbe, seq: number, more: Partial<JobsFrame> = {}): string {
  const { epoch } = probe.hello;
  return encodeLinkText({ type: "jobs", epoch, seq, events: [started], beats: [], queues: [], dropped: 0, ...more });
}

function acksOf(probe: FakeProbe): JobsAckFrame[] {
  return probe.heard.filter((heard: HubFrame) => heard.type === "jobs-ack");
}

async function acked(probe: FakeProbe, seq: number, taken: number): Promise<void> {
  const told = (): boolean => acksOf(probe).some((ack) => ack.seq === seq && ack.taken === taken);
  await until(told, { what: `an acknowledgement of ${seq} of ${taken}` });
}

describe("what processes tell of jobs", () => {
  test("that comes late is not taken for that of a clock which is behind", () => {
    const { rig, probe, taken } = rigged();
    for (let second = 0; second < 6; second++) {
      const bytes = probe.bytes();
      // The hub hears of it more than a second later.
      rig.clock.time += 1_400;
      probe.send(bytes);
    }
    probe.send(frame(probe, 1));
    expect(taken[0]?.events).toMatchObject([{ kind: "started", at: START }]);
  });

  test("is taken with its node, in the hub's time, and never of the future", () => {
    const { rig, probe, taken } = rigged();
    // Its clock is an hour ahead.
    rig.clock.time += 3_600_000;
    const bytes = probe.bytes();
    rig.clock.time -= 3_600_000;
    probe.send(bytes);
    const at = START + 3_600_000;
    const ended: JobEvent = {
      kind: "completed",
      at: at - 500,
      startedAt: at - 2000,
      createdAt: at - 9000,
      queue: "mails",
      job: "1",
    };
    probe.send(
      frame(probe, 1, {
        events: [{ ...started, at: at - 3000 }, ended, { ...started, at: at + 60_000, createdAt: at + 2 * 86_400_000 }],
        beats: [{ at, queue: "mails", worker: "w", concurrency: 2, active: 1 }],
        queues: [
          {
            at,
            queue: "mails",
            library: "bullmq",
            paused: false,
            counts: { waiting: 3 },
            workers: 1,
            oldestWaitMs: null,
          },
        ],
      }),
    );
    expect(taken).toMatchObject([
      {
        node: "chat/a",
        events: [
          { kind: "started", at: START - 3000 },
          // What tells jobs apart is no time, and stays.
          { kind: "completed", at: START - 500, startedAt: START - 2000, createdAt: at - 9000 },
          { at: START },
        ],
        beats: [{ at: START, worker: "w" }],
        readings: [{ at: START, counts: { waiting: 3 } }],
        lost: 0,
      },
    ]);
    // It would shut out whatever is told of the job that there is.
    expect(taken[0]?.events[2]).not.toHaveProperty("createdAt");
  });

  test("is acknowledged as known at once, and as kept in order, once it is", async () => {
    const { probe, taken } = rigged();
    for (const seq of [1, 2, 3]) probe.send(frame(probe, seq));
    await acked(probe, 0, 3);
    taken[1]?.keep();
    taken[0]?.keep();
    await acked(probe, 2, 3);
    taken[2]?.keep();
    await acked(probe, 3, 3);
  });

  test("is acknowledged in few words, however much comes", async () => {
    const { probe, taken } = rigged();
    const begin = performance.now();
    for (let seq = 1; seq <= 500; seq++) {
      probe.send(frame(probe, seq));
      taken[seq - 1]?.keep();
      if (seq % 10 === 0) await new Promise(setImmediate);
    }
    await acked(probe, 500, 500);
    expect(acksOf(probe).length).toBeLessThan(3 + (performance.now() - begin) / 15);
  });

  test("asks for no more while thousands of frames are not kept", async () => {
    const { probe, taken } = rigged();
    for (let seq = 1; seq <= 4200; seq++) probe.send(frame(probe, seq));
    await acked(probe, 0, 4097);
    for (const { keep } of taken) keep();
    await acked(probe, 4200, 4200);
  });

  test("is asked for again when it comes before hello", () => {
    const { rig, probe, taken } = rigged();
    const heard: string[] = [];
    rig.ingest.open(({ type }) => heard.push(type)).receive(frame(probe, 1));
    expect(heard).toEqual(["resync"]);
    expect(taken).toEqual([]);
  });

  test("is taken but for what can't be read, which is said", async () => {
    const { rig, probe, taken } = rigged();
    const whole = JSON.parse(frame(probe, 1, { events: [started, started] })) as { events: object[] };
    whole.events[0] = { ...started, queue: "" };
    probe.send(JSON.stringify(whole));
    expect(taken).toMatchObject([{ events: [started] }]);
    expect(rig.ingest.stats()).toMatchObject({
      badFrames: 1,
      lastBadFrame: 'jobs: 1 could not be read: events[0].queue: expected 1 to 64 characters that can be seen, got ""',
    });
    taken[0]?.keep();
    await acked(probe, 1, 1);
  });

  test("counts what was dropped on the way once, also over another link and of a new process", () => {
    const { rig, probe, taken } = rigged();
    probe.send(frame(probe, 1, { dropped: 5 }));
    probe.send(frame(probe, 2, { dropped: 7 }));
    probe.link.close();
    const again = rig.probe();
    again.send(frame(again, 2, { dropped: 7 }));
    again.restart(2);
    again.send(frame(again, 1, { dropped: 3 }));
    expect(taken.map(({ lost }) => lost)).toEqual([5, 2, 0, 3]);
  });
});
