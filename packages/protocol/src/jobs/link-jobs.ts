import { WsightError } from "../errors.ts";
import { asInteger, asList, type Fields } from "../parse.ts";
import { type JobsAckFrame, type JobsFrame, MAX_JOB_EVENTS } from "./job-event.ts";
import { parseJobEvent, parseQueueReading, parseWorkerBeat } from "./parse-job-event.ts";

/** Most workers and queues of one frame. */
export const MAX_FRAME_BEATS = 256;
/** Most queues of one frame. */
export const MAX_FRAME_QUEUES = 64;

/**
 * Reads what a probe told of jobs. One entry that can't be read is left out and said: a frame that were refused
 * whole would be told again for ever.
 * @throws WsightError `BAD_FRAME`
 */
export function decodeJobs(fields: Fields, epoch: number): JobsFrame {
  const bad: string[] = [];
  const read = <T>(what: string, max: number, parse: (code: "BAD_FRAME", where: string, value: unknown) => T): T[] =>
    asList("BAD_FRAME", what, fields[what], max).flatMap((value, i) => {
      try {
        return [parse("BAD_FRAME", `${what}[${i}]`, value)];
      } catch (error) {
        bad.push(error instanceof WsightError ? error.message : String(error));
        return [];
      }
    });
  const frame: JobsFrame = {
    type: "jobs",
    epoch,
    seq: asInteger("BAD_FRAME", "seq", fields.seq, 1),
    events: read("events", MAX_JOB_EVENTS, parseJobEvent),
    beats: read("beats", MAX_FRAME_BEATS, parseWorkerBeat),
    queues: read("queues", MAX_FRAME_QUEUES, parseQueueReading),
    dropped: asInteger("BAD_FRAME", "dropped", fields.dropped),
  };
  return bad.length === 0 ? frame : { ...frame, unread: { entries: bad.length, reason: bad.at(-1) ?? "" } };
}

/** Reads how far a hub has taken what was told of jobs. @throws WsightError `BAD_FRAME` */
export function decodeJobsAck(fields: Fields): JobsAckFrame {
  const seq = asInteger("BAD_FRAME", "seq", fields.seq);
  return { type: "jobs-ack", seq, taken: asInteger("BAD_FRAME", "taken", fields.taken ?? seq) };
}
