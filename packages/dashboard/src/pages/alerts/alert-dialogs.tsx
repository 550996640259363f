import type { AlertRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { AreaField } from "../../components/fields.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { Confirm, FormDialog } from "./form-dialog.tsx";
import { likeAlert } from "./silence-draft.ts";
import { SilenceForm } from "./silence-form.tsx";
import { useSaving } from "./use-saving.ts";

/** What is acted upon. */
export type ActedAlert = Pick<AlertRow, "name" | "ruleId" | "labels" | "severity" | "ack" | "snoozeUntil"> & {
  readonly episodeId: string;
};

/** What is asked before something is done. */
export type AlertQuestion = "ack" | "note" | "resolve" | "silence";

/** What is asked about an alert, as it was then. */
export interface AskedOfAlert {
  readonly alert: ActedAlert;
  readonly question: AlertQuestion;
}

interface AlertDialogsProps {
  readonly api: AlertsApi;
  /** `null` while nothing is asked. */
  readonly asked: AskedOfAlert | null;
  readonly onClose: () => void;
  /** Something was changed. */
  readonly onActed: () => void;
}

/** The dialog of what is asked about an alert. */
export function AlertDialogs({ api, asked, onClose, onActed }: AlertDialogsProps): VNode | null {
  const { live } = useApp();
  if (asked === null) return null;
  const { alert, question } = asked;
  const done = () => {
    onClose();
    onActed();
  };
  if (question === "ack")
    return <WordsDialog {...ACKNOWLEDGE} api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (question === "note") return <WordsDialog {...NOTE} api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (question === "resolve") return <ResolveDialog api={api} alert={alert} onClose={onClose} onDone={done} />;
  if (question === "silence")
    return (
      <SilenceForm api={api} id={null} draft={likeAlert(alert, live.now.peek())} onClose={onClose} onSaved={done} />
    );
  return null;
}

interface DialogProps {
  readonly api: AlertsApi;
  readonly alert: ActedAlert;
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
