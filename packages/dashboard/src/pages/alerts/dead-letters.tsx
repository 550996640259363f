import type { AlertChannel, OutboxRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi } from "./alerts-api.ts";
import { useSaving } from "./use-saving.ts";
import { NOTICE_WORDS, plural, when } from "./words.ts";

interface DeadLettersProps {
  readonly api: AlertsApi;
  readonly admin: boolean;
  readonly channels: readonly AlertChannel[];
  /** Notices were put back, or dismissed. */
  readonly onChanged: () => void;
}

/** Notices that were given up, with why; nothing while there are none. */
export function DeadLetters({ api, admin, channels, onChanged }: DeadLettersProps): VNode | null {
  const { live } = useApp();
  const [turn, setTurn] = useState(0);
  const undelivered = live.table("alerts").value?.undelivered ?? 0;
  const asked = useAsked(`${undelivered} ${turn}`, (signal) => api.deadLetters(signal));
  const saving = useSaving();
  // As the mark counts them: a test told its outcome at once, and what a deleted channel left can't be tried again.
  const rows = (asked.value ?? []).filter(
    ({ notice, channelId }) => notice.kind !== "test" && channels.some(({ id }) => id === channelId),
  );
  const changed = () => {
    setTurn((before) => before + 1);
    onChanged();
  };
  const actsOn = ({ id }: OutboxRow): LetterActs => ({
    retry: () => saving.run(() => api.retry(id), "It is tried again", changed),
    dismiss: () => saving.run(() => api.dismiss(id), "Dismissed", changed),
  });
  if (asked.problem !== null) return <Problem what="Dead letters" problem={asked.problem} onRetry={asked.again} />;
  if (rows.length === 0) return null;
  return (
    <section class="card dead-letters" aria-labelledby="dead-letters">
      <div class="card-head">
        <Icon name="alert" />
        <h2 id="dead-letters">{plural(rows.length, "notice")} could not be delivered</h2>
        {admin ? (
          <div class="card-aside">
            <button
              type="button"
              class="button"
              disabled={saving.busy}
              onClick={() =>
                saving.run(() => Promise.all(rows.map(({ id }) => api.retry(id))), "They are tried again", changed)
              }
            >
              <Icon name="retry" />
              Try all again
            </button>
          </div>
        ) : null}
        <p class="card-caption">
          Given up after many tries, or because the receiver refused them for good. The other channels were told.
        </p>
      </div>
      {saving.problem === null ? null : <Problem what="The notices" problem={saving.problem} onRetry={changed} />}
      <ul class="letters">
        {rows.map((row) => (
          <Letter
            key={row.id}
            row={row}
            channel={channels.find(({ id }) => id === row.channelId)?.name ?? row.channelId}
            acts={admin ? actsOn(row) : null}
          />
        ))}
      </ul>
    </section>
  );
}

interface LetterProps {
  readonly row: OutboxRow;
  readonly channel: string;
  /** `null` for who may not. */
  readonly acts: LetterActs | null;
}

interface LetterActs {
  readonly retry: () => void;
  readonly dismiss: () => void;
}

function Letter({ row, channel, acts }: LetterProps): VNode {
  const { live, clock, route } = useApp();
  const { notice, attempts, createdAt, lastError } = row;
  const which = (
    <span class="sr-only">
      : {notice.name} to {channel}
    </span>
  );
  return (
    <li>
      <time>{when(createdAt, live.now.value, clock.value)}</time>
      <span>
        {notice.episodeId === null ? (
          <b>{notice.name}</b>
        ) : (
          <a
            class="text-link"
            href={route.hrefTo({ page: "alerts", params: { tab: "channels", alert: notice.episodeId } })}
          >
            {notice.name}
          </a>
        )}{" "}
        “{NOTICE_WORDS[notice.kind]}” to <b>{channel}</b>, {plural(attempts, "try").replace("trys", "tries")}
        {lastError === null ? null : <span class="mistake">{lastError}</span>}
      </span>
      {acts === null ? null : (
        <>
          <button type="button" class="button" onClick={acts.retry}>
            <Icon name="retry" />
            Try again
            {which}
          </button>
          <button type="button" class="button" data-kind="bare" onClick={acts.dismiss}>
            <Icon name="close" />
            Dismiss
            {which}
          </button>
        </>
      )}
    </li>
  );
}
