import { createLiveObserver, createRecorder, DEFAULT_RULES, type LiveObserver, type Store } from "@wsight/hub";
import type { AlertRule, TierStep } from "@wsight/protocol";
import { type FakeProbe, Rig } from "./current-rig.ts";
import { MemoryReader } from "./memory-reader.ts";

/** Nothing fires. */
export const NOTHING_FIRES: { fires(): boolean } = { fires: () => false };

/** A rule that looks at a figure each second and says at once what it sees. */
export function ruleOn(parts: Partial<AlertRule> & Pick<AlertRule, "metric" | "agg">): AlertRule {
  const usual = DEFAULT_RULES[0];
  if (usual === undefined) throw new Error("there are no rules");
  return {
    ...usual,
    id: "watched",
    builtin: false,
    groupBy: [],
    windowSec: 10,
    warn: 1,
    crit: null,
    recovery: null,
    ...parts,
  };
}

/** `current` fed by hand, its observer, and the history that a recorder makes of the same seconds. */
export class ObserveRig extends Rig {
  readonly reader: MemoryReader = new MemoryReader();
  readonly observer: LiveObserver;
  readonly errors: unknown[] = [];
  /** Probes that a story goes on with. */
  readonly probes: FakeProbe[] = [];
  /** Writes on their way into the real store, one after the other; what is recorded is handed over once a minute. */
  #writes: Promise<void> = Promise.resolve();
  readonly #recorder: ReturnType<typeof createRecorder>;

  constructor(store: Store | null = null, history: Pick<Store, "ask"> | null = store) {
    super();
    this.observer = createLiveObserver({ current: this.current, history, onError: (error) => this.errors.push(error) });
    this.#recorder = createRecorder({
      current: this.current,
      intervalMs: 60_000,
      write: (packed) => {
        if (store !== null) this.#writes = this.#writes.then(() => store.appendPacked(packed));
        this.#remember(packed);
      },
    });
  }

  /** One second that is recorded, too. */
  override second(during: () => void = () => {}): number {
    const at = super.second(during);
    this.#recorder.observe();
    return at;
  }

  /** What a rule sees of a second, by its labels; the newest unless told otherwise. */
  see(rule: AlertRule, at: number = this.current.at ?? 0): ReadonlyMap<string, number> {
    const seen = this.observer.observe(rule, at, NOTHING_FIRES);
    return new Map(seen.map(({ labels, value }) => [JSON.stringify(labels), value]));
  }

  /** Once all of it is in both histories. */
  async written(): Promise<void> {
    this.#recorder.flush();
    await this.#writes;
  }

  #remember({ series, numbers, histogramSizes, histograms }: Parameters<Store["appendPacked"]>[0]): void {
    let offset = 0;
    for (let row = 0; row < histogramSizes.length; row++) {
      const [index = 0, at = 0, stepMs = 0, min = 0, max = 0, sum = 0, count = 0, last = 0] = numbers.subarray(
        row * 8,
        row * 8 + 8,
      );
      const of = series[index];
      if (of === undefined) throw new Error(`no series ${index}`);
      const size = histogramSizes[row] ?? 0;
      const bytes = size === 0 ? null : histograms.slice(offset, offset + size - 1);
      offset += Math.max(0, size - 1);
      const cell = { at, min, max, sum, count, last, ...(bytes === null ? {} : { histogram: bytes }) };
      this.reader.put(of.node, of.metric, JSON.parse(of.labels), stepMs as TierStep, cell);
    }
  }
}
