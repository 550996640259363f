import type { AlertChannel, ChannelForm, ChannelTestResult } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { span } from "../../format/quantity.ts";
import { Problem } from "../history/problem.tsx";
import type { Asked } from "../history/use-asked.ts";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi } from "./alerts-api.ts";
import { aboutChannel } from "./channel-draft.ts";
import { ChannelDialog } from "./channel-form.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { Confirm } from "./form-dialog.tsx";
import { problemOf } from "./hub-ask.ts";
import { Nothing } from "./nothing.tsx";
import { Routes } from "./routes.tsx";
import { useSaving } from "./use-saving.ts";
import { plural, when } from "./words.ts";

interface ChannelsProps {
  readonly api: AlertsApi;
  readonly admin: boolean;
  readonly asked: Asked<readonly AlertChannel[]>;
  /** Something was changed, sent or tried. */
  readonly onChanged: () => void;
}

type Open =
  | { readonly type: "choose" }
  | { readonly type: "edit"; readonly form: ChannelForm; readonly channel: AlertChannel | null }
  | { readonly type: "delete"; readonly channel: AlertChannel }
  | null;

/** Who is told, by which way, and what could not be delivered. */
export function Channels({ api, admin, asked, onChanged }: ChannelsProps): VNode {
  const [open, setOpen] = useState<Open>(null);
  const forms = useAsked("forms", (signal) => api.channelForms(signal));
  const channels = asked.value;
  const changed = () => {
    setOpen(null);
    onChanged();
  };
  const edit = (channel: AlertChannel) => {
    const form = forms.value?.find(({ type }) => type === channel.type);
    if (form !== undefined) setOpen({ type: "edit", form, channel });
  };
  const add = admin ? (
    <button
      type="button"
      class="button"
      data-kind="primary"
      disabled={forms.value === null}
      onClick={() => setOpen({ type: "choose" })}
    >
      <Icon name="plus" />
      Add channel
    </button>
  ) : null;
  return (
    <>
      <DeadLetters api={api} admin={admin} channels={channels ?? []} onChanged={onChanged} />
      <section class="card" aria-labelledby="channels">
        <div class="card-head">
          <h2 id="channels">Channels</h2>
          <div class="card-aside">{channels === null || channels.length === 0 ? null : add}</div>
        </div>
        {asked.problem === null ? null : <Problem what="Channels" problem={asked.problem} onRetry={asked.again} />}
        {forms.problem === null ? null : (
          <Problem what="Types of channels" problem={forms.problem} onRetry={forms.again} />
        )}
        {channels === null ? null : channels.length === 0 ? (
          <Nothing
            icon="out"
            title="Nobody is told yet"
            why={`Alerts are seen on this page alone. A channel tells people: by e-mail, Slack, Teams, PagerDuty, a webhook and others.${admin ? "" : " An administrator can add one."}`}
          >
            {add}
          </Nothing>
        ) : (
          <ul class="channels">
            {channels.map((channel) => (
              <Channel
                key={channel.id}
                api={api}
                channel={channel}
                title={forms.value?.find(({ type }) => type === channel.type)?.title ?? channel.type}
                admin={admin}
                onEdit={() => edit(channel)}
                onDelete={() => setOpen({ type: "delete", channel })}
                onTested={onChanged}
              />
            ))}
          </ul>
        )}
      </section>
      <Routes api={api} admin={admin} channels={channels ?? []} />
      {open?.type === "choose" ? (
        <Choose
          forms={forms.value ?? []}
          onClose={() => setOpen(null)}
          onChoose={(form) => setOpen({ type: "edit", form, channel: null })}
        />
      ) : null}
      {open?.type === "edit" ? (
        <ChannelDialog
          api={api}
          form={open.form}
          channel={open.channel}
          onClose={() => setOpen(null)}
          onSaved={changed}
        />
      ) : null}
      {open?.type === "delete" ? (
        <Delete api={api} channel={open.channel} onClose={() => setOpen(null)} onDone={changed} />
      ) : null}
    </>
  );
}

interface ChooseProps {
  readonly forms: readonly ChannelForm[];
  readonly onClose: () => void;
  readonly onChoose: (form: ChannelForm) => void;
}

function Choose({ forms, onClose, onChoose }: ChooseProps): VNode {
  return (
    <Dialog title="Add channel" onClose={onClose}>
      <div class="dialog-body">
        <p>Which way should people be told?</p>
        <ul class="channel-types">
          {forms.map((form) => (
            <li key={form.type}>
              <button type="button" class="button" onClick={() => onChoose(form)}>
                {form.title}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

const HEALTH: Readonly<
  Record<AlertChannel["health"]["state"], { readonly icon: IconName; readonly tone: Tone; readonly word: string }>
> = {
  ok: { icon: "ok", tone: "ok", word: "works" },
  unused: { icon: "waiting", tone: "quiet", word: "not used yet" },
  failing: { icon: "alert", tone: "crit", word: "fails" },
  unreadable: { icon: "key", tone: "crit", word: "enter its secrets again" },
};

/** What came of a test; `null` where the hub itself could not be asked. */
type Tested = Omit<ChannelTestResult, "tookMs"> & { readonly tookMs: number | null };

interface ChannelProps {
  readonly api: AlertsApi;
  readonly channel: AlertChannel;
  /** What its type is called. */
  readonly title: string;
  readonly admin: boolean;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
  readonly onTested: () => void;
}

function Channel({ api, channel, title, admin, onEdit, onDelete, onTested }: ChannelProps): VNode {
  const [testing, setTesting] = useState(false);
  const [result, setResult] = useState<Tested | null>(null);
  const { health, name, enabled } = channel;
  const shown = enabled ? HEALTH[health.state] : { icon: "pause" as const, tone: "quiet" as const, word: "off" };
  const about = aboutChannel(channel);
  const test = async (): Promise<void> => {
    setTesting(true);
    setResult(null);
    setResult(
      await api
        .testChannel(channel.id)
        .catch((error: unknown) => ({ ok: false, reply: problemOf(error), tookMs: null })),
    );
    setTesting(false);
    onTested();
  };
  return (
    <li>
      <div class="channel-text">
        <h3>
          {name}
          <span class="state-word" data-tone={shown.tone}>
            <Icon name={shown.icon} />
            {shown.word}
          </span>
        </h3>
        <p class="fine wrap">{about === channel.type ? title : `${title} · ${about}`}</p>
        <Told channel={channel} />
        <p class="test-result" role="status">
          {testing ? "Sending a test notice…" : result === null ? "" : <TestReply result={result} />}
        </p>
      </div>
      {admin ? (
        <div class="row-acts">
          <button type="button" class="button" disabled={testing} onClick={() => void test()}>
            <Icon name="out" />
            Send test<span class="sr-only"> to {name}</span>
          </button>
          <button type="button" class="button" onClick={onEdit}>
            Change<span class="sr-only"> {name}</span>
          </button>
          <button type="button" class="button" data-kind="danger" onClick={onDelete}>
            Delete<span class="sr-only"> {name}</span>
          </button>
        </div>
      ) : null}
    </li>
  );
}

function Told({ channel: { health } }: { readonly channel: AlertChannel }): VNode | null {
  const { live, clock } = useApp();
  const { sent, queued, dead, lastSentAt, lastError, lastErrorAt } = health;
  const now = live.now.value;
  const facts = [
    sent === 0 ? "" : `${plural(sent, "notice")} delivered`,
    lastSentAt === null ? "" : `the newest ${span(now - lastSentAt)} ago`,
    queued === 0 ? "" : `${queued} on the way`,
    dead === 0 ? "" : `${dead} given up`,
  ].filter((text) => text !== "");
  const failed = health.state === "failing" || health.state === "unreadable";
  if (facts.length === 0 && !failed) return null;
  return (
    <p class="fine">
      {facts.join(" · ")}
      {failed && lastError !== null ? (
        <span class="mistake">
          {lastErrorAt === null ? "" : `${when(lastErrorAt, now, clock.value)}: `}
          {lastError}
        </span>
      ) : null}
    </p>
  );
}

function TestReply({ result: { ok, reply, tookMs } }: { readonly result: Tested }): VNode {
  return (
    <span class="state-word" data-tone={ok ? "ok" : "crit"}>
      <Icon name={ok ? "ok" : "alert"} />
      <span class="wrap">
        {ok ? `Delivered in ${tookMs ?? 0} ms` : "Not delivered"}
        {reply === "" ? "" : `: ${reply}`}
      </span>
    </span>
  );
}

interface DeleteProps {
  readonly api: AlertsApi;
  readonly channel: AlertChannel;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Delete({ api, channel, onClose, onDone }: DeleteProps): VNode {
  const saving = useSaving();
  return (
    <Confirm
      title={`Delete ${channel.name}?`}
      action="Delete"
      saving={saving}
      onClose={onClose}
      onConfirm={() => saving.run(() => api.deleteChannel(channel.id), `${channel.name} was deleted`, onDone)}
    >
      Its settings and secrets are forgotten, and what waits to be sent through it is given up. Routes that name it tell
      nobody in its place.
    </Confirm>
  );
}
