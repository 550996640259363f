import { PROFILE_NAMES, PROFILES, TEST_KINDS, type TestKind, type TestList } from "@wsight/protocol";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { NumberField, SelectField, TextField } from "../../components/fields.tsx";
import { Icon } from "../../components/icon.tsx";
import { Notice } from "../../components/notice.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { Tabs } from "../../components/tabs.tsx";
import {
  aimOf,
  bodyOf,
  commandOf,
  FIRST_ORDER,
  fieldsOf,
  hostToType,
  isHeavy,
  type Order,
  obstacle,
  PROFILE_NOTES,
  rampOf,
  strangeHost,
} from "./order.ts";
import type { TestsApi } from "./tests-api.ts";
import { KIND_NAMES, ms } from "./words.ts";

interface StartProps {
  readonly api: TestsApi;
  readonly list: TestList;
  readonly admin: boolean;
  readonly kind: TestKind;
  readonly onKind: (kind: TestKind) => void;
  readonly onStarted: (id: string) => void;
}

const ABOUT: Readonly<Record<TestKind, string>> = {
  load: "Many connections that send on a fixed schedule. Latency counts from when a message was meant to leave, so that a server that stalls cannot hide it.",
  echo: "Messages one after another over one connection: what a round trip takes while nothing else happens.",
  server: "Step by step: upgrade, credentials, origins, ping, an answer, large messages, close codes.",
  pool: "Connections opened at once: how evenly the balancer spreads them over workers.",
};

/** Tabs in the order of how often they are wanted. */
const KINDS: readonly TestKind[] = [...TEST_KINDS].reverse();

/** What to test, and how. */
export function Start({ api, list, admin, kind, onKind, onStarted }: StartProps): VNode {
  const [order, setOrder] = useState<Order>({ ...FIRST_ORDER, target: list.targets.length === 0 ? "other" : 0 });
  const change = (part: Partial<Order>) => setOrder((before) => ({ ...before, ...part }));
  return (
    <section class="card" aria-label="New test">
      <Tabs
        label="Kind of test"
        tabs={KINDS.map((id) => ({ id, label: KIND_NAMES[id] }))}
        chosen={kind}
        onChoose={onKind}
      >
        <div class="test-form">
          <p class="about">{ABOUT[kind]}</p>
          <Target kind={kind} list={list} order={order} change={change} />
          {kind === "load" ? (
            <Profiles order={order} change={change} />
          ) : kind === "echo" ? (
            <div class="fields">
              <NumberField
                label="Messages"
                value={order.count}
                min={1}
                max={10_000}
                onInput={(count) => change({ count })}
              />
              <NumberField
                label="Bytes each"
                value={order.size}
                min={0}
                max={65_536}
                onInput={(size) => change({ size })}
              />
            </div>
          ) : kind === "pool" ? (
            <div class="fields">
              <NumberField
                label="Connections"
                value={order.poolConnections}
                min={1}
                max={1000}
                onInput={(poolConnections) => change({ poolConnections })}
              />
              <TextField
                label="Field that names the worker"
                value={order.workerField}
                placeholder="header x-worker-id, or none"
                onInput={(workerField) => change({ workerField })}
              />
            </div>
          ) : null}
          {kind === "pool" ? null : <More list={list} order={order} change={change} />}
          <Go api={api} list={list} admin={admin} kind={kind} order={order} onStarted={onStarted} />
        </div>
      </Tabs>
    </section>
  );
}

interface FormProps {
  readonly list: TestList;
  readonly order: Order;
  readonly change: (part: Partial<Order>) => void;
}

function Target({ kind, list, order, change }: FormProps & { readonly kind: TestKind }): VNode {
  const { targets, allowed } = list;
  const host = hostToType(kind, order, list);
  const aim = aimOf(order, targets);
  const strange = strangeHost(aim.url);
  if (targets.length === 0 && !allowed.anyTarget)
    return (
      <Notice tone="quiet">
        No own server to test: none of the processes that report says where it listens on the hub's machine. A test from
        a terminal can go to any server of yours, see the line below.
      </Notice>
    );
  return (
    <div class="fields">
      <SelectField
        label="Server"
        value={String(order.target)}
        options={[
          ...targets.map((target, index) => ({ value: String(index), label: nameOf(target) })),
          ...(allowed.anyTarget ? [{ value: "other", label: "Another address…" }] : []),
        ]}
        onChange={(value) => change({ target: value === "other" ? value : Number(value) })}
      />
      {order.target !== "other" ? null : (
        <>
          <TextField
            label={`Address (allowed: ${allowed.hosts.join(", ") || "any"})`}
            value={order.url}
            placeholder="wss://chat.example.com"
            wide
            onInput={(url) => change({ url })}
          />
          <div class="labelled">
            Speaks
            <Segmented
              label="Speaks"
              options={[
                { value: "ws", label: "WebSocket" },
                { value: "socket.io", label: "Socket.IO" },
              ]}
              value={order.library}
              onChange={(library) => change({ library })}
            />
          </div>
        </>
      )}
      {kind === "pool" || aim.library === "ws" ? null : (
        <TextField
          label={kind === "server" ? "Event" : "Event that is acknowledged"}
          value={order.event}
          placeholder="message"
          onInput={(event) => change({ event })}
        />
      )}
      {host === null ? null : (
        <div class="sure">
          <Notice tone="warn">
            <b>{strange === null ? "This server is in production." : `${strange} is not this machine.`}</b> People may
            be using it, and a test puts real load on it. Type its host name to say that it is yours to test.
          </Notice>
          <TextField
            label="Host name"
            value={order.host}
            placeholder={host}
            onInput={(typed) => change({ host: typed })}
          />
        </div>
      )}
    </div>
  );
}

function nameOf({ url, library, nodes }: TestList["targets"][number]): string {
  const where = nodes.length === 0 ? "" : ` · ${nodes.join(", ")}`;
  return `${url} · ${library === "ws" ? "WebSocket" : "Socket.IO"}${where}`;
}

function Profiles({ order, change }: Omit<FormProps, "list">): VNode {
  const name = useId();
  return (
    <>
      <fieldset class="profiles">
        <legend class="sr-only">Profile</legend>
        {PROFILE_NAMES.map((profile) => (
          <label key={profile}>
            <input
              type="radio"
              name={name}
              checked={profile === order.profile}
              onChange={() => change(fieldsOf(profile))}
            />
            <b>{profile}</b>
            <span>{profile === "custom" ? "your figures" : `${PROFILES[profile].connections} connections`}</span>
            <small>{PROFILE_NOTES[profile]}</small>
          </label>
        ))}
      </fieldset>
      <div class="fields">
        <NumberField
          label="Connections"
          value={order.connections}
          min={1}
          max={100_000}
          onInput={(connections) =>
            change({
              connections,
              ...(order.ramp === rampOf(Number(order.connections)) ? { ramp: rampOf(Number(connections)) } : {}),
            })
          }
        />
        <NumberField
          label="Seconds between messages"
          value={order.interval}
          min={0.001}
          max={3600}
          onInput={(interval) => change({ interval })}
        />
        <NumberField
          label="Duration, s"
          value={order.duration}
          min={1}
          max={86_400}
          onInput={(duration) => change({ duration })}
        />
        <NumberField label="Ramp, s" value={order.ramp} min={0} max={3600} onInput={(ramp) => change({ ramp })} />
        <TextField
          label="Own gates"
          value={order.expect}
          placeholder="p99<50 connected>99%"
          onInput={(expect) => change({ expect })}
        />
      </div>
    </>
  );
}

function More({ list, order, change }: FormProps): VNode {
  const { library } = aimOf(order, list.targets);
  return (
    <details class="more-fields">
      <summary>{library === "ws" ? "The message" : "Namespace, credentials, the message"}</summary>
      <div class="fields">
        {library === "ws" ? null : (
          <>
            <TextField
              label="Namespace"
              value={order.namespace}
              placeholder="/"
              onInput={(namespace) => change({ namespace })}
            />
            <TextField
              label="Auth payload, JSON"
              value={order.auth}
              placeholder='{"token":"…"}'
              onInput={(auth) => change({ auth })}
            />
          </>
        )}
        <TextField
          label={`${library === "ws" ? "Message" : "Arguments as JSON, commas between"}; {{id}}, {{n}} and {{pad:20}} are filled in`}
          value={order.message}
          placeholder={library === "ws" ? '{"type":"load","n":{{n}}}' : '"lobby","hello {{n}}"'}
          wide
          onInput={(message) => change({ message })}
        />
      </div>
    </details>
  );
}

function Go({
  api,
  list,
  admin,
  kind,
  order,
  onStarted,
}: Omit<StartProps, "onKind"> & { readonly order: Order }): VNode {
  const app = useApp();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const { allowed, running, targets } = list;
  const none = targets.length === 0 && !allowed.anyTarget;
  const why = !admin
    ? "Only administrators may start tests: they put real load on a server. What runs, and every result, is shown to you below."
    : !allowed.tests
      ? "This hub was started without what tests need. The line below runs the test from a terminal."
      : none
        ? "There is no server that may be tested from here."
        : running !== null
          ? "A test is running: one at a time, or they would measure each other."
          : obstacle(kind, order, list);
  const command = commandOf(kind, order, targets);

  async function start(): Promise<void> {
    if (why !== null || asking) return;
    setAsking(true);
    setProblem(null);
    try {
      onStarted(await api.start(kind, bodyOf(kind, order, targets)));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The hub refused");
    }
    setAsking(false);
  }

  return (
    <>
      {kind === "load" && why === null && isHeavy(order) ? (
        <Notice tone="warn">
          This is heavy load: {order.connections} connections, a message each every {ms(Number(order.interval) * 1000)}.
          Whoever uses the server meanwhile will notice.
        </Notice>
      ) : null}
      <div class="go">
        <button
          type="button"
          class="button"
          data-kind="primary"
          disabled={why !== null}
          aria-disabled={asking}
          onClick={() => void start()}
        >
          <Icon name="play" />
          Run {KIND_NAMES[kind].toLowerCase()} test
        </button>
        <p class="fine">{why ?? "Who runs what against which server is kept in the list of administrator actions."}</p>
      </div>
      {problem === null ? null : (
        <p class="mistake" role="alert">
          {problem}
        </p>
      )}
      <div class="fix command">
        <p>The same from a terminal, with an exit status that says pass or fail:</p>
        <div class="fix-code">
          <pre>
            <code>{command}</code>
          </pre>
          <button
            type="button"
            class="button"
            aria-label="Copy the command"
            onClick={() => app.copy(command, "Command")}
          >
            <Icon name="copy" />
            Copy
          </button>
        </div>
      </div>
    </>
  );
}
