import type { AlertEpisode, AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { span } from "../../format/quantity.ts";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi } from "./alerts-api.ts";
import { END_WORDS, figure, labelTexts, lastedMs, limitText, SEVERITIES, when } from "./words.ts";

interface PastAlertsProps {
  readonly api: AlertsApi;
  readonly rules: readonly AlertRule[] | null;
  /** Changes when an alert fires or ends: the list is asked for again. */
  readonly state: string;
  readonly onOpen: (id: string) => void;
}

const DAY_MS = 86_400_000;
const REACHES = [
  { value: "1", label: "24 h" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "400", label: "All" },
] as const;

/** What fired, newest first, page by page. */
export function PastAlerts({ api, rules, state, onOpen }: PastAlertsProps): VNode {
  const { live } = useApp();
  const [days, setDays] = useState<(typeof REACHES)[number]["value"]>("7");
  const [rule, setRule] = useState("");
  const [pages, setPages] = useState<readonly string[]>([]);
  const before = pages.at(-1) ?? "";
  const asked = useAsked(`${days} ${rule} ${before} ${state}`, (signal) => {
    const now = live.now.peek();
    return api.history({ fromAt: now - Number(days) * DAY_MS, toAt: now + 60_000, rule, before }, signal);
  });
  const page = asked.value;
  return (
    <section class="card" aria-label="Alerts of the past" data-pending={asked.pending ? "" : undefined}>
      <div class="list-tools">
        <Segmented
          label="How far back"
          options={REACHES}
          value={days}
          onChange={(reach) => {
            setPages([]);
            setDays(reach);
          }}
        />
        <select
          class="field-select"
          aria-label="Rule"
          value={rule}
          onChange={(event) => {
            setPages([]);
            setRule(event.currentTarget.value);
          }}
        >
          <option value="">All rules</option>
          {rules?.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {asked.problem === null ? null : <Problem what="What fired" problem={asked.problem} onRetry={asked.again} />}
      {page === null ? (
        asked.problem === null ? (
          <EmptyState icon="waiting" title="Asking the hub" why="What fired, and how it ended." />
        ) : null
      ) : page.episodes.length === 0 ? (
        <EmptyState
          icon="ok"
          title={before === "" ? "Nothing fired in this time" : "Nothing older"}
          why="Every firing is kept here for more than a year: how long it lasted, how bad it was, who knew and why it ended."
        />
      ) : (
        <Episodes episodes={page.episodes} onOpen={onOpen} />
      )}
      {page === null || (page.next === null && pages.length === 0) ? null : (
        <div class="list-foot pager">
          <button
            type="button"
            class="button"
            disabled={pages.length === 0}
            onClick={() => setPages(pages.slice(0, -1))}
          >
            <Icon name="newer" />
            Newer
          </button>
          <span>Page {pages.length + 1}</span>
          <button
            type="button"
            class="button"
            disabled={page.next === null}
            onClick={() => page.next !== null && setPages([...pages, page.next])}
          >
            Older
            <Icon name="older" />
          </button>
        </div>
      )}
    </section>
  );
}

interface EpisodesProps {
  readonly episodes: readonly AlertEpisode[];
  readonly onOpen: (id: string) => void;
}

function Episodes({ episodes, onOpen }: EpisodesProps): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll alert-history" aria-label="Firings" tabIndex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Alert</th>
            <th scope="col" class="num wide-cell">
              Began
            </th>
            <th scope="col" class="num">
              Lasted
            </th>
            <th scope="col" class="num wide-cell">
              Worst
            </th>
            <th scope="col" class="num wide-cell">
              Limit
            </th>
            <th scope="col" class="wide-cell">
              Known to
            </th>
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {episodes.map((episode) => (
            <Row key={episode.id} episode={episode} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ episode, onOpen }: Omit<EpisodesProps, "episodes"> & { readonly episode: AlertEpisode }): VNode {
  const { live, clock } = useApp();
  const now = live.now.value;
  const { icon, tone, word } = SEVERITIES[episode.severity];
  const { id, name, labels, startedAt, endedAt, endReason, peak, limit, unit, ack, notes } = episode;
  const began = when(startedAt, now, clock.value);
  return (
    <tr>
      <th scope="row">
        <span class="alert-name" data-tone={tone}>
          <Icon name={icon} />
          <span class="sr-only">{word}: </span>
          <button type="button" class="link" onClick={() => onOpen(id)}>
            {name}
            <span class="sr-only"> of {began}</span>
          </button>
          <span class="fine">{labelTexts(labels).join(" · ")}</span>
        </span>
        <span class="narrow-line" aria-hidden="true">
          {began}
        </span>
      </th>
      <td class="num wide-cell">{began}</td>
      <td class="num">{span(lastedMs(episode, now))}</td>
      <td class="num wide-cell">{limit === null ? "–" : figure(peak, unit)}</td>
      <td class="num wide-cell">{limit === null ? "–" : limitText(limit, unit)}</td>
      <td class="wide-cell">
        {ack === null ? <span class="fine">nobody</span> : ack.by}
        {notes.length === 0 ? null : (
          <span class="fine"> · {notes.length === 1 ? "a note" : `${notes.length} notes`}</span>
        )}
      </td>
      <td>{endedAt === null ? <b>goes on</b> : endReason === null ? "ended" : END_WORDS[endReason]}</td>
    </tr>
  );
}
