import type { AlertEpisode, AlertRow, AlertRule, OutboxRow } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Drawer } from "../../components/drawer.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Fact } from "../../components/fact.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import { span } from "../../format/quantity.ts";
import { type Asked, useAsked } from "../history/use-asked.ts";
import { AlertActs } from "./alert-acts.tsx";
import { AlertDialogs, type AskedOfAlert } from "./alert-dialogs.tsx";
import { AlertChips } from "./alert-item.tsx";
import { AlertSpark } from "./alert-spark.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { momentOf } from "./moment.ts";
import { SparkPoints } from "./spark-points.ts";
import { END_WORDS, figure, labelTexts, lastedMs, limitText, NOTICE_WORDS, SEVERITIES, when } from "./words.ts";

interface EpisodeDrawerProps {
  readonly api: AlertsApi;
  /** Of an episode, or the fingerprint of an alert that has not fired yet. */
  readonly id: string;
  /** The alert as it is now; `null` when it is not in the list. */
  readonly row: AlertRow | null;
  /** Its rule; `null` while that is not known. */
  readonly rule: AlertRule | null;
  readonly admin: boolean;
  /** Name of a channel. */
  readonly nameOf: (channelId: string) => string;
  readonly onClose: () => void;
}

/** One firing looked at closely: how bad it was, who made it, who was told, and what people wrote. */
export function EpisodeDrawer({ api, id, row, rule, admin, nameOf, onClose }: EpisodeDrawerProps): VNode {
  const points = useMemo(() => new SparkPoints(), []);
  points.follow(row === null ? [] : [row]);
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((before) => before + 1);
  const [inquiry, setInquiry] = useState<AskedOfAlert | null>(null);
  const episodeId = row === null ? id : row.episodeId;
  // What an alert goes through changes its episode and its notices too.
  const question = episodeId === null ? null : `${episodeId} ${turn} ${stateOf(row)}`;
  const asked = useAsked(question, (signal) => api.episode(episodeId ?? "", signal));
  const notices = useAsked(question, (signal) => api.notices(episodeId ?? "", signal));
  const episode = asked.value;
  const title = row?.name ?? episode?.name ?? "Alert";
  const acted = admin && row !== null && row.episodeId !== null ? { ...row, episodeId: row.episodeId } : null;
  return (
    <Drawer title={title} onClose={onClose}>
      <div class="dialog-body alert-detail">
        {row === null && episode === null ? (
          <Unknown asked={asked} />
        ) : (
          <>
            <Standing row={row} episode={episode} />
            {row === null || row.limit === null ? null : <AlertSpark row={row} rule={rule} points={points} />}
            <div class="drawer-actions">
              {acted === null ? null : (
                <AlertActs
                  api={api}
                  alert={acted}
                  onAsk={(question) => setInquiry({ alert: acted, question })}
                  onActed={again}
                />
              )}
              <Moment row={row} episode={episode} />
            </div>
            <Facts row={row} episode={episode} />
            <Culprits row={row} episode={episode} />
            {question === null ? null : (
              <Course episode={episode} notices={notices.value ?? []} nameOf={nameOf} problem={notices.problem} />
            )}
          </>
        )}
      </div>
      <AlertDialogs api={api} asked={inquiry} onClose={() => setInquiry(null)} onActed={again} />
    </Drawer>
  );
}

function stateOf(row: AlertRow | null): string {
  if (row === null) return "over";
  return [row.status, row.severity, row.ack?.at, row.snoozeUntil].join();
}

function Unknown({ asked }: { readonly asked: Asked<AlertEpisode> }): VNode {
  if (asked.problem === null)
    return <EmptyState icon="waiting" title="Asking the hub" why="What is known of it comes in a moment." />;
  return (
    <div class="empty" role="status">
      <Icon name="warn" />
      <b>This alert could not be shown</b>
      <p>{asked.problem}. It may have ended before it fired, or be older than what is kept.</p>
      <button type="button" class="button" onClick={asked.again}>
        <Icon name="retry" />
        Ask again
      </button>
    </div>
  );
}

interface Known {
  readonly row: AlertRow | null;
  readonly episode: AlertEpisode | null;
}

function Standing({ row, episode }: Known): VNode {
  const { clock, live } = useApp();
  const { icon, tone, word } = SEVERITIES[row?.severity ?? episode?.severity ?? "warning"];
  const now = live.now.value;
  const over = row === null && episode !== null && episode.endedAt !== null;
  return (
    <>
      <p class="alert-standing" data-tone={over ? "quiet" : tone}>
        <Icon name={over ? "ok" : icon} />
        <b>
          {over ? "Over" : row?.status === "pending" ? "Not for long enough yet" : "Firing"}, {word}
        </b>
        {episode === null ? null : <span>for {span(lastedMs(episode, now))}</span>}
      </p>
      {row === null ? null : <p>{row.summary}</p>}
      <p class="chips">
        {labelTexts(row?.labels ?? episode?.labels ?? {}).map((text) => (
          <span key={text} class="chip">
            {text}
          </span>
        ))}
        {row === null ? null : <AlertChips row={row} />}
        {episode === null || !over || episode.endedAt === null ? null : (
          <span class="chip">
            {episode.endReason === null ? "ended" : END_WORDS[episode.endReason]} at{" "}
            {when(episode.endedAt, now, clock.value)}
          </span>
        )}
      </p>
    </>
  );
}

function Moment({ row, episode }: Known): VNode | null {
  const { route, live, clock } = useApp();
  const known = episode ?? row;
  if (known === null) return null;
  const now = live.now.peek();
  const place = momentOf({ ...known, endedAt: row === null ? (episode?.endedAt ?? null) : null }, now);
  return (
    <a class="button" href={route.hrefTo(place)}>
      <Icon name="history" />
      Open at {when(known.activeAt, now, clock.value)}
    </a>
  );
}

function Facts({ row, episode }: Known): VNode | null {
  const { clock, live, route } = useApp();
  const known = row ?? episode;
  if (known === null) return null;
  const now = live.now.peek();
  const { unit, limit, peak, peakAt, ruleId } = known;
  const at = (instant: number | null) => (instant === null ? "not yet" : when(instant, now, clock.value));
  const runbook = row?.runbookUrl ?? "";
  return (
    <Section title="Figures">
      <dl class="facts">
        {row === null || limit === null ? null : <Fact name="Now">{figure(row.value, unit)}</Fact>}
        {limit === null ? null : (
          <Fact name="Worst">
            {figure(peak, unit)}
            {peakAt === null ? null : <span class="fine"> at {at(peakAt)}</span>}
          </Fact>
        )}
        {limit === null ? null : <Fact name="Limit">{limitText(limit, unit)}</Fact>}
        <Fact name="Beyond it since">{at(known.activeAt)}</Fact>
        <Fact name="Fired">{at(row?.firedAt ?? episode?.startedAt ?? null)}</Fact>
        <Fact name="Rule">
          <a class="text-link" href={route.hrefTo({ page: "alerts", params: { tab: "rules", rule: ruleId } })}>
            {ruleId}
          </a>
          {episode === null ? null : <span class="fine"> version {episode.ruleVersion}</span>}
        </Fact>
        {runbook === "" ? null : (
          <Fact name="What to do">
            <a class="text-link" href={runbook} target="_blank" rel="noreferrer">
              {new URL(runbook).host}
              <span class="sr-only"> (opens another window)</span>
            </a>
          </Fact>
        )}
      </dl>
    </Section>
  );
}

function Culprits({ row, episode }: Known): VNode | null {
  const culprits = (row?.culprits.length ?? 0) > 0 ? (row?.culprits ?? []) : (episode?.culprits ?? []);
  const unit = row?.unit ?? episode?.unit ?? "";
  if (culprits.length === 0) return null;
  // Bars of different things say nothing beside each other.
  const mostOf = (wanted: string) =>
    Math.max(...culprits.map(({ label, value }) => (label === wanted ? Math.abs(value) : 0)), Number.MIN_VALUE);
  return (
    <Section title="Who made it">
      <ul class="tally">
        {culprits.map(({ label, name, value }) => (
          <li key={`${label} ${name}`}>
            <span class="truncate">
              <span class="fine">{label}</span> {name}
            </span>
            <b>{label === "user" ? `${value} connections` : figure(value, unit)}</b>
            <Bar share={Math.abs(value) / mostOf(label)} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface Happened {
  readonly at: number;
  readonly icon: IconName;
  readonly tone?: "crit" | "ok";
  readonly text: string;
  readonly more?: string;
}

interface CourseProps {
  readonly episode: AlertEpisode | null;
  readonly notices: readonly OutboxRow[];
  readonly nameOf: (channelId: string) => string;
  readonly problem: string | null;
}

/** What happened, the newest first. */
function Course({ episode, notices, nameOf, problem }: CourseProps): VNode {
  const { clock, live } = useApp();
  const happened = [...ofEpisode(episode), ...notices.map((notice) => ofNotice(notice, nameOf))].sort(
    (a, b) => b.at - a.at,
  );
  const now = live.now.peek();
  return (
    <Section title="What happened">
      {problem === null ? null : <p class="fine">Who was told could not be read: {problem}</p>}
      <ol class="course">
        {happened.map(({ at, icon, tone, text, more }) => (
          <li key={`${at} ${text}`} data-tone={tone}>
            <Icon name={icon} />
            <span>
              {text}
              {more === undefined || more === "" ? null : <q>{more}</q>}
            </span>
            <time>{when(at, now, clock.value)}</time>
          </li>
        ))}
      </ol>
      {notices.length > 0 || episode === null ? null : (
        <p class="fine">Nobody was told: no channel takes it, or it was silenced all the time.</p>
      )}
    </Section>
  );
}

/** The newest first: what happened in the same second stays in that order. */
function ofEpisode(episode: AlertEpisode | null): readonly Happened[] {
  if (episode === null) return [];
  const { activeAt, startedAt, endedAt, endReason, ack, notes } = episode;
  const happened: Happened[] = [
    { at: activeAt, icon: "timer", text: "Went beyond its limit" },
    { at: startedAt, icon: "bell", text: "Fired" },
  ];
  if (ack !== null) happened.push({ at: ack.at, icon: "ok", text: `${ack.by} acknowledged it`, more: ack.note });
  for (const { at, by, text } of notes) happened.push({ at, icon: "messages", text: `${by} wrote`, more: text });
  if (endedAt !== null)
    happened.push({
      at: endedAt,
      icon: "ok",
      tone: "ok",
      text: `Over: ${endReason === null ? "ended" : END_WORDS[endReason]}`,
    });
  return happened.reverse();
}

function ofNotice(
  { channelId, state, notice, createdAt, sentAt, lastError }: OutboxRow,
  nameOf: (id: string) => string,
): Happened {
  const what = `“${NOTICE_WORDS[notice.kind]}”`;
  const channel = nameOf(channelId);
  if (state === "sent") return { at: sentAt ?? createdAt, icon: "out", text: `${channel} was told ${what}` };
  if (state === "dead" || state === "dismissed")
    return {
      at: createdAt,
      icon: "alert",
      tone: "crit",
      text: `${channel} could not be told ${what}`,
      more: lastError ?? "",
    };
  if (state === "superseded")
    return { at: createdAt, icon: "out", text: `${what} to ${channel} went with a later one` };
  return { at: createdAt, icon: "waiting", text: `${what} is on its way to ${channel}`, more: lastError ?? "" };
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
