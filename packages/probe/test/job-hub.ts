import type { ProbeLink } from "@wsight/probe";
import {
  decodeProbeFrame,
  type HelloFrame,
  type HubFrame,
  type JobEvent,
  type JobsFrame,
  type LinkMessage,
} from "@wsight/protocol";

/** The hub's end of one link, as far as jobs go: it acknowledges when told to. */
export interface JobHub extends ProbeLink {
  /** False: it takes nothing. */
  listening: boolean;
  /** Frames that tell of jobs, as they came. */
  readonly frames: JobsFrame[];
  readonly hellos: HelloFrame[];
  readonly events: () => readonly JobEvent[];
  readonly say: (frame: HubFrame) => void;
  /** Says how far it has taken them, and keeps them: all, unless told otherwise. */
  readonly acknowledge: (kept?: number, taken?: number) => void;
}

/** @param eager it acknowledges by itself what comes */
export function createJobHub({ eager = false }: { readonly eager?: boolean } = {}): JobHub {
  const frames: JobsFrame[] = [];
  const hellos: HelloFrame[] = [];
  let listener: (frame: HubFrame) => void = () => {};
  const acknowledge: JobHub["acknowledge"] = (kept, taken) => {
    const newest = Math.max(0, ...frames.map(({ seq }) => seq));
    listener({ type: "jobs-ack", seq: kept ?? newest, taken: taken ?? newest });
  };
  const hub: JobHub = {
    listening: true,
    frames,
    hellos,
    events: () => frames.flatMap(({ events }) => events),
    say: (frame) => listener(frame),
    acknowledge,
    send(message: LinkMessage): boolean {
      if (!hub.listening) return false;
      const frame = decodeProbeFrame(message);
      if (frame.type === "hello") hellos.push(frame);
      if (frame.type !== "jobs") return true;
      frames.push(frame);
      if (eager) setImmediate(acknowledge);
      return true;
    },
    onFrame(heard) {
      listener = heard;
    },
    close() {},
  };
  return hub;
}
