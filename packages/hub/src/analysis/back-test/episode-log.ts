import type { AlertEpisode } from "@wsight/protocol";

/** Episodes that are answered. */
const MAX_TOLD = 500;

/** Counts episodes, and holds those that began last. */
export class EpisodeLog {
  readonly #open = new Map<string, AlertEpisode>();
  #ended: AlertEpisode[] = [];
  #endedMs = 0;
  #endedCount = 0;

  /** An episode as it stands: tell it again when it changes. */
  add(episode: AlertEpisode): void {
    if (episode.endedAt === null) {
      this.#open.set(episode.id, episode);
      return;
    }
    this.#open.delete(episode.id);
    this.#endedCount++;
    this.#endedMs += episode.endedAt - episode.startedAt;
    this.#ended.push(episode);
    if (this.#ended.length >= 4 * MAX_TOLD) this.#ended = newestOf(this.#ended);
  }

  get count(): number {
    return this.#endedCount + this.#open.size;
  }

  /** How long they lasted, all together, ms. */
  lengthMs(now: number): number {
    let openMs = 0;
    for (const { startedAt } of this.#open.values()) openMs += now - startedAt;
    return this.#endedMs + openMs;
  }

  newest(): readonly AlertEpisode[] {
    return newestOf([...this.#open.values(), ...this.#ended]);
  }
}

function newestOf(episodes: readonly AlertEpisode[]): AlertEpisode[] {
  return [...episodes].sort((a, b) => b.startedAt - a.startedAt).slice(0, MAX_TOLD);
}
