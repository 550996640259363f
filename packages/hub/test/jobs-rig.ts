import type { Hub } from "@wsight/hub";
import { encodeLinkText, type JobEvent, type WorkerBeat } from "@wsight/protocol";
import { HubProbe } from "./live-monitor-rig.ts";

/** A process that tells of jobs of one queue, in the frames of a real probe. */
export class JobTeller {
  readonly probe: HubProbe;
  readonly queue: string;
  #seq = 0;
  #jobs = 0;

  constructor(hub: Hub, queue = "documents", instance = "jobs") {
    this.probe = new HubProbe(hub, { service: "shop", instance });
    this.probe.run();
    this.queue = queue;
  }

  tell(events: readonly JobEvent[], beats: readonly WorkerBeat[] = []): void {
    const { epoch } = this.probe.hello;
    this.probe.send(encodeLinkText({ type: "jobs", epoch, seq: ++this.#seq, events, beats, queues: [], dropped: 0 }));
  }

  /** So many new jobs wait; returns their ids. */
  queued(count: number): readonly string[] {
    const ids = Array.from({ length: count }, () => `job-${++this.#jobs}`);
    const { queue } = this;
    const at = Date.now();
    this.tell(ids.map((job) => ({ kind: "queued", at, createdAt: at, queue, job })));
    return ids;
  }

  /** These took so long until now, and ended. */
  ended(ids: readonly string[], outcome: "completed" | "failed", runMs = 1000): void {
    const { queue } = this;
    const at = Date.now();
    this.tell(
      ids.flatMap((job): JobEvent[] => [
        { kind: "started", at: at - runMs, queue, job, worker: "w-1", attempt: 1 },
        outcome === "completed"
          ? { kind: "completed", at, queue, job, worker: "w-1", attempt: 1 }
          : { kind: "failed", at, queue, job, worker: "w-1", attempt: 1, error: "no", final: true },
      ]),
    );
  }

  /** A worker is there, or leaves. */
  beat(worker: string, more: Partial<WorkerBeat> = {}): void {
    this.tell([], [{ at: Date.now(), queue: this.queue, worker, concurrency: 1, active: 0, ...more }]);
  }
}
