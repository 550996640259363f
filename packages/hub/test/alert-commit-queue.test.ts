import { type AlertCommit, CommitQueue } from "@wsight/hub";
import { WsightError } from "@wsight/protocol";
import { EMPTY_COMMIT, sampleDraft, sampleEpisode, sampleState } from "@wsight/testkit";
import { describe, expect, it } from "vitest";

const MANY = 2000;

/** The state of an alert with its episode and what is told of it. */
function commitOf(id: string, ended: number | null = null): AlertCommit {
  const episodes = [sampleEpisode(id, 0, ended)];
  return { ...EMPTY_COMMIT, instances: [sampleState(`f-${id}`)], episodes, notices: [sampleDraft("firing", id)] };
}

describe("commits that wait", () => {
  it("are kept a few label sets at a time, each with its episode and notices at once, when thousands fire", async () => {
    const kept: AlertCommit[] = [];
    const queue = new CommitQueue(async (commit) => void kept.push(commit));
    const done: Promise<void>[] = [];
    for (let i = 0; i < MANY; i++) done.push(queue.add(commitOf(`E${i}`)));
    await Promise.all(done);
    expect(kept.flatMap(({ notices }) => notices)).toHaveLength(MANY);
    for (const { instances, episodes, notices } of kept) {
      const fingerprints = instances.map(({ fingerprint }) => fingerprint);
      expect(fingerprints.length).toBeLessThanOrEqual(250);
      expect(episodes.map(({ fingerprint }) => fingerprint)).toEqual(fingerprints);
      expect(notices.map(({ notice }) => notice.fingerprint)).toEqual(fingerprints);
    }
    await queue.close();
  });

  it("keep what went through when the rest has to wait, and then the newest of it", async () => {
    const kept: AlertCommit[] = [];
    let left = 2;
    const queue = new CommitQueue(async (commit) => {
      if (left-- <= 0) throw new WsightError("STORE_UNAVAILABLE", "the disk is full");
      kept.push(commit);
    });
    const busy = queue.add(commitOf("first"));
    const done = Array.from({ length: MANY }, (_, i) => queue.add(commitOf(`E${i}`)));
    await busy;
    await expect(Promise.all(done)).rejects.toThrow("the disk is full");
    expect(queue.waiting).toBe(MANY - 250);
    left = Infinity;
    await queue.close();
    expect(new Set(kept.flatMap(({ notices }) => notices.map(({ dedupeKey }) => dedupeKey))).size).toBe(MANY + 1);
    expect(queue.dropped).toBe(0);
  });

  it("take bounded memory while nothing can be kept for long: of episodes, those that ended first are forgotten", async () => {
    let isWell = false;
    const kept: AlertCommit[] = [];
    const queue = new CommitQueue(async (commit) => {
      if (!isWell) throw new WsightError("STORE_UNAVAILABLE", "the disk is full");
      kept.push(commit);
    });
    for (let i = 0; i < 40; i++) {
      const ended = Array.from({ length: MANY }, (_, j) => sampleEpisode(`${i}-${j}`, 0, 1));
      const notices = Array.from({ length: MANY }, (_, j) => sampleDraft("firing", `${i}-${j}`));
      queue.add({ ...EMPTY_COMMIT, episodes: [...ended, sampleEpisode(`open-${i}`)], notices }).catch(() => undefined);
    }
    isWell = true;
    await queue.close();
    const episodes = kept.flatMap((commit) => commit.episodes);
    // One commit was on its way meanwhile.
    expect(episodes.length).toBeLessThanOrEqual(30_000 + MANY + 1);
    expect(episodes.filter(({ endedAt }) => endedAt === null)).toHaveLength(40);
    expect(queue.dropped).toBeGreaterThanOrEqual(40 * MANY - 10_000 - MANY);
  });

  it("leave out what can never be kept, and nothing else", async () => {
    const kept: AlertCommit[] = [];
    const queue = new CommitQueue(async (commit) => {
      if (commit.instances.some(({ fingerprint }) => fingerprint === "f-E0"))
        throw new WsightError("BAD_REQUEST", "not like this");
      kept.push(commit);
    });
    const busy = queue.add(commitOf("first"));
    const done = Array.from({ length: MANY }, (_, i) => queue.add(commitOf(`E${i}`)));
    await busy;
    await expect(Promise.all(done)).rejects.toThrow("not like this");
    await queue.close();
    expect(kept.flatMap(({ notices }) => notices)).toHaveLength(1 + MANY - 250);
    expect(queue.dropped).toBe(250);
  });
});
