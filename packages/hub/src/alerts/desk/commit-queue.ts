import { KeepQueue } from "../../keeping/keep-queue.ts";
import type { AlertCommit } from "../commit.ts";
import { Together } from "./together.ts";

/** Keeps one commit after the other: much of it in parts, all of a label set at once. */
export class CommitQueue extends KeepQueue<AlertCommit> {
  constructor(keep: (commit: AlertCommit) => Promise<void>) {
    super({ keep, pile: () => new Together(), closed: "alerts: the desk is closed", isPatient: false });
  }
}
