import type { BackTestAnswer, BackTestEpisode } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { EmptyState } from "../../../components/empty-state.tsx";
import { Icon } from "../../../components/icon.tsx";
import { Segmented } from "../../../components/segmented.tsx";
import { count, join, share, span } from "../../../format/quantity.ts";
import { useAsked } from "../../history/use-asked.ts";
import { momentOf } from "../moment.ts";
import { figure, labelTexts, plural, SEVERITIES, when } from "../words.ts";
import { isRange, type LimitDraft } from "./figure-draft.ts";
import { unitOfFigure } from "./figure-offer.ts";
import type { Handle } from "./limit-handle.tsx";
import { PreviewChart } from "./preview-chart.tsx";
import { readQuantity, writeQuantity } from "./quantities.ts";
import { type RuleDraft, readDraft } from "./rule-draft.ts";
import type { RuleBody, RulesApi } from "./rules-api.ts";

interface PreviewProps {
  readonly api: RulesApi;
  readonly draft: RuleDraft;
  /** Id of the rule that is changed; `null` for a new one. */
  readonly id: string | null;
  readonly title: string;
  readonly onChange: (part: Partial<RuleDraft>) => void;
}

/** A limit that still moves is not asked about, ms. */
const SETTLE_MS = 250;
const HOUR_REACHES = [
  { value: "24", label: "24 h" },
  { value: "168", label: "7 d" },
  { value: "720", label: "30 d" },
] as const;
/** Firings that are listed. */
const LISTED = 50;

/** When the rule would have fired, on what was measured, while it is being made. */
export function Preview({ api, draft, id, title, onChange }: PreviewProps): VNode {
  const [hours, setHours] = useState<(typeof HOUR_REACHES)[number]["value"]>("168");
  const [picked, setPicked] = useState<BackTestEpisode | null>(null);
  const question = useSettled(questionOf(draft, id));
  const asked = useAsked(question === null ? null : `${hours} ${question}`, (signal) =>
    api.preview(JSON.parse(question ?? "{}") as RuleBody, Number(hours), signal),
  );
  const { problem } = asked;
  // While what is typed can't be asked, what was answered last stays.
  const last = useRef<BackTestAnswer | null>(null);
  if (asked.value !== null) last.current = asked.value;
  const answer = last.current;
  const bare = isBare(draft);
  const days = Number(hours) === 24 ? "24 h" : `${Number(hours) / 24} d`;
  const reach = HOUR_REACHES.map(({ value, label }) => ({ value, label }));
  const outcome =
    answer === null || problem !== null || bare ? "" : `would have fired ${times(answer.firings)} in ${days}`;
  return (
    <section class="card preview" aria-label="On what was measured" aria-busy={asked.pending}>
      <div class="card-head">
        <h2>On what was measured</h2>
        <div class="card-aside">
          <Segmented label="How far back" options={reach} value={hours} onChange={setHours} />
        </div>
      </div>
      {answer === null ? (
        <p class="preview-wait fine" role="status">
          {problem ??
            (question === null
              ? "Fill in what is looked at and a limit: it is then tried on the past."
              : "Looking at the past …")}
        </p>
      ) : (
        <>
          {!measured(answer) ? null : bare ? (
            <p class="preview-outcome">
              <b>No limit yet.</b> Click into the chart, or type one.
            </p>
          ) : (
            <Outcome answer={answer} days={days} stale={asked.pending || question === null} />
          )}
          {problem === null ? null : (
            <p class="mistake preview-problem" role="status">
              {problem}
            </p>
          )}
          {measured(answer) ? (
            <PreviewChart
              title={title}
              answer={answer}
              handles={answer.unit === unitOfFigure(draft.figure) ? handlesOf(draft) : []}
              write={(value) => writeQuantity(value, unitOfFigure(draft.figure))}
              outcome={outcome}
              picked={picked}
              onPlace={bare ? (value) => onChange(movedTo(draft, "warn.low", value)) : null}
              onMove={(handle, value) => onChange(movedTo(draft, handle, value))}
            />
          ) : (
            <EmptyState
              icon="history"
              title={`Nothing of this was measured in ${days}`}
              why="The rule can be saved all the same: it looks at what comes from now on."
            />
          )}
          {measured(answer) ? <Coverage answer={answer} /> : null}
          <Firings answer={answer} draft={draft} onPick={setPicked} />
        </>
      )}
    </section>
  );
}

function measured({ lines }: BackTestAnswer): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null));
}

function times(firings: number): string {
  return firings === 0 ? "never" : `${join(count(firings))}×`;
}

interface OutcomeProps {
  readonly answer: BackTestAnswer;
  readonly days: string;
  /** True while the answer is to the question before. */
  readonly stale: boolean;
}

/** What the rule would have done, in a sentence. */
function Outcome({ answer, days, stale }: OutcomeProps): VNode {
  const { firings, notices, naiveNotices, firingMs } = answer;
  return (
    <p class="preview-outcome" data-stale={stale ? "" : undefined} role="status">
      <b>{firings === 0 ? `Would not have fired in ${days}` : `Would have fired ${times(firings)} in ${days}`}</b>
      {firings === 0 ? "" : `, ${span(firingMs)} in all`}, {plural(notices, "notice")}
      <span class="fine"> (a bare comparison: {join(count(naiveNotices))})</span>
    </p>
  );
}

/** How good what it was tried on is. */
function Coverage({ answer }: { readonly answer: BackTestAnswer }): VNode {
  const { coverage, resolutionMs, instances, lines } = answer;
  const parts = [
    coverage >= 0.995 ? "data for all of the time" : `data for ${join(share(coverage))} of the time`,
    `tried on ${resolutionMs <= 1000 ? "every second" : `steps of ${span(resolutionMs)}`}${resolutionMs > 1000 ? ": shorter breaches may be missing" : ""}`,
    ...(instances > 1
      ? [`${instances} instances${lines.length < instances ? `, the ${lines.length} busiest drawn` : ""}`]
      : []),
  ];
  return <p class="fine preview-note">{parts.join(" · ")}</p>;
}

interface FiringsProps {
  readonly answer: BackTestAnswer;
  readonly draft: RuleDraft;
  readonly onPick: (episode: BackTestEpisode | null) => void;
}

/** Each firing; following it leads to that moment. */
function Firings({ answer, draft, onPick }: FiringsProps): VNode | null {
  const { live, route, clock } = useApp();
  const { episodes, unit, firings, toAt } = answer;
  if (episodes.length === 0) return null;
  const shown = episodes.slice(0, LISTED);
  return (
    <section class="firings" aria-label="When it would have fired" onPointerLeave={() => onPick(null)}>
      <ul>
        {shown.map((episode) => {
          const { icon, tone, word } = SEVERITIES[episode.severity];
          const moment = {
            metric: draft.figure.metric,
            labels: episode.labels,
            activeAt: episode.activeAt,
            endedAt: episode.endedAt,
          };
          return (
            <li
              key={`${episode.startedAt} ${labelTexts(episode.labels).join()}`}
              onPointerEnter={() => onPick(episode)}
            >
              <a
                href={route.hrefTo(momentOf(moment, live.now.peek()))}
                onFocus={() => onPick(episode)}
                onBlur={() => onPick(null)}
              >
                <span class="tone-icon" data-tone={tone}>
                  <Icon name={icon} />
                </span>
                <span class="sr-only">{word} </span>
                <time>{when(episode.startedAt, toAt, clock.value)}</time>
                <span>{episode.endedAt === null ? "still fires" : span(episode.endedAt - episode.startedAt)}</span>
                {episode.peak === null ? null : <span>worst {figure(episode.peak, unit)}</span>}
                <span class="fine truncate">{labelTexts(episode.labels).join(", ")}</span>
              </a>
            </li>
          );
        })}
      </ul>
      {firings > shown.length ? (
        <p class="fine">
          The newest {shown.length} of {join(count(firings))}.
        </p>
      ) : null}
    </section>
  );
}

/** Whether it has no limit yet: what was measured is then shown without one. */
function isBare({ kind, warn, crit }: RuleDraft): boolean {
  return kind === "threshold" && [warn.low, warn.high, crit.low, crit.high].every((text) => text.trim() === "");
}

/** Nothing is beyond it. */
const OUT_OF_REACH = { op: "gt", warn: { low: "1e15", high: "" }, recovery: "" } as const;

/** What decides when a rule fires, as text; `null` while something of it can't be read. */
function questionOf(draft: RuleDraft, id: string | null): string | null {
  const limits = isBare(draft) ? OUT_OF_REACH : {};
  const plain = { ...draft, ...limits, summary: "", description: "", runbookUrl: "", labels: [], enabled: true };
  const { body } = readDraft(plain, "Preview");
  return body === null ? null : JSON.stringify(id === null ? body : { ...body, id });
}

/** A text once it has stood still. */
function useSettled(text: string | null): string | null {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

/** Limits that can be moved: those that can be read. */
function handlesOf({ kind, op, warn, crit, recovery, figure: of }: RuleDraft): readonly Handle[] {
  if (kind !== "threshold") return [];
  const unit = unitOfFigure(of);
  const handle = (id: string, label: string, short: string, tone: Handle["tone"], text: string): readonly Handle[] => {
    const value = readQuantity(text, unit);
    return value === null ? [] : [{ id, label, short, tone, value }];
  };
  const ends = (id: "warn" | "crit", label: string, short: string, { low, high }: LimitDraft): readonly Handle[] =>
    isRange(op)
      ? [
          ...handle(`${id}.low`, `${label}, from`, short, id, low),
          ...handle(`${id}.high`, `${label}, to`, short, id, high),
        ]
      : handle(`${id}.low`, label, short, id, low);
  return [
    ...ends("warn", "Warning", "Warn", warn),
    ...(isRange(op) ? [] : handle("recovery", "Recovery", "OK", "ok", recovery)),
    ...ends("crit", "Critical", "Crit", crit),
  ];
}

/** The draft's part that a moved limit changes. */
function movedTo({ warn, crit, figure: of }: RuleDraft, id: string, value: number): Partial<RuleDraft> {
  const text = writeQuantity(value, unitOfFigure(of));
  if (id === "recovery") return { recovery: text };
  const [name, end] = id.split(".");
  const limit = { ...(name === "warn" ? warn : crit), [end ?? "low"]: text };
  return name === "warn" ? { warn: limit } : { crit: limit };
}
