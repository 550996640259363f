import type { AlertRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { AreaField } from "../../components/fields.tsx";
import { Icon } from "../../components/icon.tsx";
import { Menu, type MenuItem } from "../../components/menu.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { Confirm, FormDialog } from "./form-dialog.tsx";
import { likeAlert } from "./silence-draft.ts";
import { SilenceForm } from "./silence-form.tsx";
import { snoozedUntil } from "./standing.ts";
import { useSaving } from "./use-saving.ts";

/** What is acted upon. */
type ActedAlert = Pick<AlertRow, "name" | "ruleId" | "labels" | "severity" | "ack" | "snoozeUntil"> & {
  readonly episodeId: string;
};

interface AlertActsProps {
  readonly api: AlertsApi;
  readonly alert: ActedAlert;
  /** Something was changed. */
  readonly onActed: () => void;
}

type Open = "ack" | "note" | "resolve" | "silence" | null;

const SNOOZES = [
  { label: "1 hour", sec: 3600 },
  { label: "4 hours", sec: 4 * 3600 },
  { label: "1 day", sec: 24 * 3600 },
] as const;

/** What an administrator can do about an alert that fires. */
export function AlertActs({ api, alert, onActed }: AlertActsProps): VNode {
  const { route, live } = useApp();
  const [open, setOpen] = useState<Open>(null);
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
    { label: "Silence all like it\u2026", icon: "pause", run: () => setOpen("silence") },
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
    { label: "Write a note\u2026", icon: "messages", run: () => setOpen("note") },
    { label: "Resolve by hand\u2026", icon: "ok", run: () => setOpen("resolve") },
    {
      label: "Look at its rule",
      icon: "settings",
      run: () => route.navigate({ page: "alerts", params: { tab: "rules", rule: ruleId } }),
    },
  ];
  return (
    <>
      {ack === null ? (
        <button type="button" class="button" onClick={() => setOpen("ack")}>
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
      {saving.problem === null || open !== null ? null : (
        <p class="mistake" role="alert">
          {saving.problem}
        </p>
      )}
      <Dialogs api={api} alert={alert} open={open} onClose={() => setOpen(null)} onActed={onActed} />
    </>
  );
}

interface DialogsProps extends AlertActsProps {
  readonly open: Open;
  readonly onClose: () => void;
}

function Dialogs({ api, alert, open, onClose, onActed }: DialogsProps): VNode | null {
  const { live } = useApp();
  const done = () => {
    onClose();
    onActed();
  };
  if (open === "ack") return <WordsDialog {...ACKNOWLEDGE} api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (open === "note") return <WordsDialog {...NOTE} api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (open === "resolve") return <ResolveDialog api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (open === "silence")
    return (
      <SilenceForm api={api} id={null} draft={likeAlert(alert, live.now.peek())} onClose={onClose} onSaved={done} />
    );
  return null;
}

interface DialogProps extends Pick<AlertActsProps, "api" | "alert"> {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

interface WordsProps extends DialogProps {
  readonly verb: string;
  readonly about: string;
  readonly label: string;
  readonly needed: boolean;
  readonly act: "ack" | "note";
  readonly said: string;
}

const ACKNOWLEDGE = {
  verb: "Acknowledge",
  about: "Says that you look after it. It stays in sight, and nobody is told of it again until it ends or gets worse.",
  label: "Note (what you found, what you do about it)",
  needed: false,
  act: "ack",
  said: "acknowledged",
} as const;

const NOTE = {
  verb: "Note",
  about: "Is kept with this firing, with your name and the time.",
  label: "Note",
  needed: true,
  act: "note",
  said: "noted",
} as const;

const MOST_WORDS = 1000;

function WordsDialog({ verb, about, label, needed, act, said, api, alert, onClose, onDone }: WordsProps): VNode {
  const saving = useSaving();
  const [text, setText] = useState("");
  const words = text.trim();
  const obstacle =
    words.length > MOST_WORDS ? `At most ${MOST_WORDS} characters` : needed && words === "" ? "Write something" : null;
  const body = act === "note" ? { text: words } : { note: words };
  return (
    <FormDialog
      title={act === "note" ? `Note to ${alert.name}` : `${verb} ${alert.name}`}
      action={act === "note" ? "Add note" : verb}
      saving={saving}
      obstacle={obstacle}
      onClose={onClose}
      onSubmit={() => saving.run(() => api.act(alert.episodeId, act, body), `${alert.name}: ${said}`, onDone)}
    >
      <p>{about}</p>
      <AreaField
        label={label}
        wide
        value={text}
        onInput={setText}
        mistake={saving.mistakes.note ?? saving.mistakes.text}
      />
    </FormDialog>
  );
}

function ResolveDialog({ api, alert, onClose, onDone }: DialogProps): VNode {
  const saving = useSaving();
  return (
    <Confirm
      title={`Resolve ${alert.name}?`}
      action="Resolve"
      saving={saving}
      onClose={onClose}
      onConfirm={() => saving.run(() => api.act(alert.episodeId, "resolve", {}), `${alert.name} was resolved`, onDone)}
    >
      Ends this firing by hand, and tells so. While the figure stays beyond its limit it says nothing; it fires anew
      when that happens again after having been in range.
    </Confirm>
  );
}
