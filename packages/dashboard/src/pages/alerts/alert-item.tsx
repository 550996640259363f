import type { AlertRow, AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { span } from "../../format/quantity.ts";
import { AlertActs } from "./alert-acts.tsx";
import type { AskedOfAlert } from "./alert-dialogs.tsx";
import { AlertSpark } from "./alert-spark.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { momentOf } from "./moment.ts";
import type { SparkPoints } from "./spark-points.ts";
import { snoozedUntil } from "./standing.ts";
import { figure, labelTexts, limitText, SEVERITIES, STATUS_WORDS, suppressionText } from "./words.ts";

interface AlertItemProps {
  readonly api: AlertsApi;
  readonly row: AlertRow;
  /** Its rule; `null` while that is not known. */
  readonly rule: AlertRule | null;
  readonly points: SparkPoints;
  readonly admin: boolean;
  readonly onOpen: (id: string) => void;
  readonly onAsk: (asked: AskedOfAlert) => void;
}

/** One alert: what, since when, how bad, who knows, and what can be done. */
export function AlertItem({ api, row, rule, points, admin, onOpen, onAsk }: AlertItemProps): VNode {
  const { live, route, clock } = useApp();
  const { icon, tone, word } = SEVERITIES[row.severity];
  const since = row.firedAt ?? row.activeAt;
  const { episodeId } = row;
  const now = live.now.value;
  const acted = admin && episodeId !== null ? { ...row, episodeId } : null;
  return (
    <li class="alert" data-tone={row.status === "pending" ? "quiet" : tone}>
      <span class="alert-mark">
        <Icon name={row.status === "pending" ? "timer" : icon} />
        <span class="sr-only">{word}</span>
      </span>
      <div class="alert-text">
        <h3>
          <button type="button" class="link" onClick={() => onOpen(episodeId ?? row.fingerprint)}>
            {row.name}
          </button>
          <span class="alert-age">{span(now - since)}</span>
        </h3>
        <p>{row.summary}</p>
        <p class="chips">
          {labelTexts(row.labels).map((text) => (
            <span key={text} class="chip">
              {text}
            </span>
          ))}
          <AlertChips row={row} />
        </p>
        <Culprits row={row} />
      </div>
      <AlertSpark row={row} rule={rule} points={points} />
      <Figures row={row} />
      <div class="alert-acts">
        {acted === null ? null : (
          <AlertActs
            api={api}
            alert={acted}
            onAsk={(question) => onAsk({ alert: acted, question })}
            onActed={NOTHING}
          />
        )}
        <a class="button" href={route.hrefTo(momentOf({ ...row, endedAt: null }, now))}>
          <Icon name="history" />
          Open at {clock.value.minute(row.activeAt)}
          <span class="sr-only">: {row.name}</span>
        </a>
      </div>
    </li>
  );
}

/** What was done shows by itself: the table is live. */
export const NOTHING = (): void => undefined;

/** How an alert stands, beside its severity. */
export function AlertChips({ row }: { readonly row: AlertRow }): VNode {
  const { clock, live } = useApp();
  const status = STATUS_WORDS[row.status];
  const snoozed = snoozedUntil(row, live.now.value);
  const quiet = row.suppressedBy.flatMap((one) => suppressionText(one, clock.value) ?? []);
  return (
    <>
      {status === null || row.status === "pending" ? null : (
        <span class="chip" data-tone={row.status === "recovering" ? "ok" : "warn"}>
          {status}
        </span>
      )}
      {row.stale ? (
        <span class="chip">
          <Icon name="stale" />
          no newer sample
        </span>
      ) : null}
      {row.ack === null ? null : (
        <span class="chip" title={row.ack.note}>
          <Icon name="ok" />
          acknowledged by {row.ack.by}
        </span>
      )}
      {snoozed === null ? null : (
        <span class="chip">
          <Icon name="timer" />
          snoozed until {clock.value.minute(snoozed)}
        </span>
      )}
      {quiet.map((text) => (
        <span key={text} class="chip">
          <Icon name="pause" />
          {text}
        </span>
      ))}
    </>
  );
}

/** Most culprits that an item names. */
const NAMED = 3;

function Culprits({ row: { culprits, unit } }: { readonly row: AlertRow }): VNode | null {
  if (culprits.length === 0) return null;
  return (
    <p class="fine">
      Most of it:{" "}
      {culprits
        .slice(0, NAMED)
        .map(({ label, name, value }) => `${name} ${label === "user" ? `${value} connections` : figure(value, unit)}`)
        .join(" · ")}
    </p>
  );
}

function Figures({ row }: { readonly row: AlertRow }): VNode {
  const { value, limit, peak, unit } = row;
  if (limit === null) return <span class="alert-figures" />;
  const facts = [
    ["now", figure(value, unit)],
    ["worst", figure(peak, unit)],
    ["limit", limitText(limit, unit)],
  ] as const;
  return (
    <dl class="alert-figures">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
