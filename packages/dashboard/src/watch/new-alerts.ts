import type { AlertRow, AlertSeverity } from "@wsight/protocol";

/** No more often than this something is said of new alerts, ms. */
const APART_MS = 10_000;
/** Alerts that wait to be told; more are counted. */
const MOST_WAITING = 100;

/** What is to be said. */
export interface NewAlertWords {
  readonly text: string;
  readonly severity: AlertSeverity;
  /** Of the only one; `null` when there are several. */
  readonly episodeId: string | null;
}

/**
 * Notices which alerts began since the page was opened, and says so at most
 * once in ten seconds: several at once, and nothing of what ended meanwhile.
 * What nobody is to be told of, silenced or acknowledged, is not said either.
 */
export class NewAlerts {
  #known: ReadonlySet<string> | null = null;
  #waiting: AlertRow[] = [];
  #saidAt = Number.NEGATIVE_INFINITY;

  /** Looks at what fires. @param now ms of any steady clock */
  take(rows: readonly AlertRow[], now: number): NewAlertWords | null {
    const firing = rows.filter(({ episodeId, status }) => episodeId !== null && status !== "pending");
    const ids = new Set(firing.flatMap(({ episodeId }) => episodeId ?? []));
    const known = this.#known;
    this.#known = ids;
    // What fired before the page was there is on the page already.
    if (known === null) return null;
    const begun = firing.filter((row) => !known.has(row.episodeId ?? "") && row.suppressedBy.length === 0);
    this.#waiting = [...this.#waiting.filter(({ episodeId }) => ids.has(episodeId ?? "")), ...begun].slice(
      0,
      MOST_WAITING,
    );
    if (this.#waiting.length === 0 || now - this.#saidAt < APART_MS) return null;
    const told = this.#waiting;
    this.#waiting = [];
    this.#saidAt = now;
    return wordsOf(told);
  }
}

function wordsOf(told: readonly AlertRow[]): NewAlertWords {
  const critical = told.filter(({ severity }) => severity === "critical");
  const severity = critical.length > 0 ? "critical" : "warning";
  const [only] = told;
  if (told.length === 1 && only !== undefined)
    return {
      text: `${severity === "critical" ? "Critical alert" : "Alert"}: ${only.summary}`,
      severity,
      episodeId: only.episodeId,
    };
  const worst = (critical[0] ?? only)?.name ?? "";
  const ofThem = critical.length === 0 ? "" : `, ${critical.length} critical`;
  return { text: `${told.length} new alerts${ofThem}: ${worst} and others`, severity, episodeId: null };
}
