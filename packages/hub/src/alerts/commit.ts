import type { AlertEpisode, Notice } from "@wsight/protocol";
import type { InstanceState } from "./machine/instance-state.ts";

/** A notice and the way it goes. */
export interface NoticeDraft {
  /** `EPISODE.KIND.SEQ.CHANNEL`, or alike for notices without an episode: the same again is not told again. */
  readonly dedupeKey: string;
  readonly channelId: string;
  /** What is told in one message. */
  readonly groupKey: string;
  readonly groupWaitSec: number;
  readonly groupIntervalSec: number;
  readonly notice: Notice;
}

/** What changed by one evaluation or command; all of a label set is kept or nothing, with what is to be told of it. */
export interface AlertCommit {
  /** Put in place of what was there. */
  readonly instances: readonly InstanceState[];
  /** Fingerprints of instances that are in range and forgotten. */
  readonly forgotten: readonly string[];
  readonly episodes: readonly AlertEpisode[];
  readonly notices: readonly NoticeDraft[];
}
