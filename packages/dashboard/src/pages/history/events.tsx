import { HISTORY_EVENT_KINDS, type HistoryEvent, type HistoryEventKind } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { ChartMenu } from "../../charts/chart-menu.tsx";
import type { ChartTable } from "../../charts/chart-table.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { count, join } from "../../format/quantity.ts";
import { factsText } from "./event-facts.ts";
import type { HistoryApi } from "./history-api.ts";
import { Problem } from "./problem.tsx";
import { useAsked } from "./use-asked.ts";
import type { PagePlace } from "./use-place.ts";

interface EventsProps {
  readonly api: HistoryApi;
  readonly at: PagePlace;
}

interface Kind {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

const KINDS: Readonly<Record<HistoryEventKind, Kind>> = {
  "connection.opened": { word: "Connection opened", icon: "plug", tone: "quiet" },
  "connection.closed": { word: "Connection closed", icon: "unplug", tone: "quiet" },
  error: { word: "Error", icon: "alert", tone: "crit" },
  "node.started": { word: "Process started", icon: "play", tone: "ok" },
  "node.gone": { word: "Process gone", icon: "stale", tone: "warn" },
  "test.started": { word: "Test started", icon: "ruler", tone: "quiet" },
  "test.finished": { word: "Test finished", icon: "ruler", tone: "quiet" },
  "alert.fired": { word: "Alert", icon: "warn", tone: "crit" },
  "alert.resolved": { word: "Alert resolved", icon: "ok", tone: "ok" },
  "health.changed": { word: "Health changed", icon: "warn", tone: "warn" },
  "job.queued": { word: "Job queued", icon: "waiting", tone: "quiet" },
  "job.started": { word: "Job started", icon: "play", tone: "quiet" },
  "job.completed": { word: "Job completed", icon: "ok", tone: "ok" },
  "job.failed": { word: "Job failed", icon: "alert", tone: "crit" },
  "left-out": { word: "Left out", icon: "more", tone: "warn" },
};

/** Kinds that are chosen together. */
const GROUPS: readonly { readonly label: string; readonly kinds: readonly HistoryEventKind[] }[] = [
  { label: "Connections", kinds: ["connection.opened", "connection.closed"] },
  { label: "Errors", kinds: ["error"] },
  { label: "Processes", kinds: ["node.started", "node.gone"] },
  { label: "Tests", kinds: ["test.started", "test.finished"] },
  { label: "Alerts", kinds: ["alert.fired", "alert.resolved", "health.changed"] },
  { label: "Jobs", kinds: ["job.queued", "job.started", "job.completed", "job.failed"] },
];

const FIRST_LIMIT = 100;
const MOST_EVENTS = 1000;
/** Looked at when an event is chosen: so much before and after it, ms. */
const AROUND_MS = 15 * 60_000;

/** What happened, as opposed to what is measured, newest first. */
export function Events({ api, at }: EventsProps): VNode {
  const app = useApp();
  const { place, period, node, change } = at;
  const [limit, setLimit] = useState(FIRST_LIMIT);
  const query = { fromAt: period.fromAt, toAt: period.toAt, node, kinds: place.kinds, limit };
  const asked = useAsked(JSON.stringify(query), (signal) => api.events(query, signal));
  const events = asked.value ?? [];
  const title = "Events";
  const toggle = (kinds: readonly HistoryEventKind[], on: boolean) => {
    const others = place.kinds.filter((kind) => !kinds.includes(kind));
    change({ kinds: HISTORY_EVENT_KINDS.filter((kind) => (on ? [...others, ...kinds] : others).includes(kind)) });
  };
  return (
    <section class="card" aria-labelledby="history-events" data-pending={asked.pending ? "" : undefined}>
      <div class="card-head">
        <h2 id="history-events">{title}</h2>
        <span class="card-note">newest first</span>
        <div class="card-aside">
          <ChartMenu title={title} table={() => tableOf(app, title, events)} range={period} />
        </div>
      </div>
      <fieldset class="event-kinds">
        <legend class="sr-only">Only these kinds</legend>
        {GROUPS.map(({ label, kinds }) => {
          const on = kinds.every((kind) => place.kinds.includes(kind));
          return (
            <label key={label} class="kind-pick">
              <input type="checkbox" checked={on} onChange={() => toggle(kinds, !on)} />
              {label}
            </label>
          );
        })}
        <span class="fine">{place.kinds.length === 0 ? "all kinds" : "only what is chosen"}</span>
      </fieldset>
      {asked.problem === null ? null : <Problem what="Events" problem={asked.problem} onRetry={asked.again} />}
      {asked.value === null ? null : events.length === 0 ? (
        <EmptyState
          icon="history"
          title="Nothing happened in this time"
          why={
            place.kinds.length === 0
              ? "No connection came or went, nothing failed, no process started; or nothing was recorded then."
              : "Nothing of the chosen kinds. Choose others, or another time."
          }
        />
      ) : (
        <List events={events} onShow={(event) => at.fix(event.at - AROUND_MS, event.at + AROUND_MS)} />
      )}
      {events.length < limit ? null : (
        <p class="events-more">
          {limit >= MOST_EVENTS ? (
            <span class="fine">
              The newest {join(count(MOST_EVENTS))} are listed. Choose a shorter time for what was before.
            </span>
          ) : (
            <button type="button" class="button" onClick={() => setLimit(Math.min(MOST_EVENTS, limit * 3))}>
              Show older ones
            </button>
          )}
        </p>
      )}
    </section>
  );
}

interface ListProps {
  readonly events: readonly HistoryEvent[];
  readonly onShow: (event: HistoryEvent) => void;
}

function List({ events, onShow }: ListProps): VNode {
  const { clock } = useApp();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll" aria-label="List of events" tabIndex={0}>
      <table class="rows event-rows">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">What</th>
            <th scope="col" class="wide-cell">
              Said
            </th>
            <th scope="col" class="wide-cell">
              About
            </th>
            <th scope="col" class="wide-cell">
              Node
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map((event, index) => {
            const { word, icon, tone } = KINDS[event.kind] ?? KINDS["left-out"];
            return (
              <tr key={`${event.at} ${event.kind} ${event.subject} ${index}`}>
                <th scope="row" class="event-time">
                  <button
                    type="button"
                    class="link"
                    aria-label={`Look at the half hour around ${clock.value.day(event.at)} ${clock.value.time(event.at)}`}
                    onClick={() => onShow(event)}
                  >
                    <span>{clock.value.day(event.at)}</span> <span>{clock.value.time(event.at)}</span>
                  </button>
                </th>
                <td>
                  <span class="event-kind" data-tone={tone}>
                    <Icon name={icon} />
                    {word}
                  </span>
                  <p class="narrow-only fine event-text">
                    {wordsOf(event)} · {event.node ?? "hub"}
                  </p>
                </td>
                <td class="wide-cell event-text">
                  {event.text}
                  <span class="fine"> {factsText(event)}</span>
                </td>
                <td class="wide-cell mono">{event.subject}</td>
                <td class="wide-cell mono nowrap">{event.node ?? "hub"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** Text, subject and facts in one line, for narrow windows. */
function wordsOf(event: HistoryEvent): string {
  const subject = event.subject === event.node ? "" : event.subject;
  return [subject, event.text, factsText(event)].filter((text) => text !== "").join(" · ");
}

function tableOf(app: App, title: string, events: readonly HistoryEvent[]): ChartTable {
  const clock = app.clock.peek();
  return {
    title,
    columns: ["Kind", "Node", "About", "Said", "More"],
    rows: events.map((event) => {
      const cells = [event.kind, event.node ?? "hub", event.subject, event.text, factsText(event)];
      return { at: event.at, label: `${clock.day(event.at)} ${clock.time(event.at)}`, values: cells, texts: cells };
    }),
  };
}
