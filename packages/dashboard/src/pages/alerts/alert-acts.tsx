import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { Menu, type MenuItem } from "../../components/menu.tsx";
import type { ActedAlert, AlertQuestion } from "./alert-dialogs.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { snoozedUntil } from "./standing.ts";
import { useSaving } from "./use-saving.ts";

interface AlertActsProps {
  readonly api: AlertsApi;
  readonly alert: ActedAlert;
  /** Something needs an answer first: dialogs stand elsewhere, for an alert may move or end while one is filled in. */
  readonly onAsk: (question: AlertQuestion) => void;
  /** Something was changed. */
  readonly onActed: () => void;
}

const SNOOZES = [
  { label: "1 hour", sec: 3600 },
  { label: "4 hours", sec: 4 * 3600 },
  { label: "1 day", sec: 24 * 3600 },
] as const;

/** What an administrator can do about an alert that fires. */
export function AlertActs({ api, alert, onAsk, onActed }: AlertActsProps): VNode {
  const { route, live } = useApp();
  const saving = useSaving();
  const { episodeId, name, ack, ruleId } = alert;
  const act = (what: Parameters<AlertsApi["act"]>[1], body: object, said: string) =>
    saving.run(() => api.act(episodeId, what, body), said, onActed);
  const snoozes: readonly MenuItem[] = [
    ...SNOOZES.map(
      ({ label, sec }): MenuItem => ({
        label: `For ${label}`,
        icon: "timer",
        run: () => act("snooze", { forSec: sec }, `${name}: nobody is told for ${label}`),
      }),
    ),
    { label: "Silence all like it\u2026", icon: "pause", run: () => onAsk("silence") },
  ];
  const more: readonly MenuItem[] = [
    ...(ack === null
      ? []
      : [
          {
            label: "Take the acknowledgement back",
            icon: "close" as const,
            run: () => act("unack", {}, `${name} is not acknowledged any more`),
          },
        ]),
    { label: "Write a note\u2026", icon: "messages", run: () => onAsk("note") },
    { label: "Resolve by hand\u2026", icon: "ok", run: () => onAsk("resolve") },
    {
      label: "Look at its rule",
      icon: "settings",
      run: () => route.navigate({ page: "alerts", params: { tab: "rules", rule: ruleId } }),
    },
  ];
  return (
    <>
      {ack === null ? (
        <button type="button" class="button" onClick={() => onAsk("ack")}>
          <Icon name="ok" />
          Acknowledge<span class="sr-only"> {name}</span>
        </button>
      ) : null}
      {snoozedUntil(alert, live.now.value) === null ? (
        <Menu label={`Snooze ${name}`} buttonClass="button" items={snoozes}>
          <Icon name="timer" />
          Snooze<span class="sr-only"> {name}</span>
        </Menu>
      ) : (
        <button type="button" class="button" onClick={() => act("snooze", { forSec: 0 }, `${name} is told of again`)}>
          <Icon name="bell" />
          Wake<span class="sr-only"> {name}</span>
        </button>
      )}
      <Menu
        label={`More about ${name}`}
        buttonLabel={`${name}: more`}
        buttonClass="button"
        buttonKind="square"
        items={more}
      >
        <Icon name="more" />
      </Menu>
      {saving.problem === null ? null : (
        <p class="mistake" role="alert">
          {saving.problem}
        </p>
      )}
    </>
  );
}
