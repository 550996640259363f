import { WsightError } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Drawer } from "../../components/drawer.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Fact } from "../../components/fact.tsx";
import { Icon } from "../../components/icon.tsx";
import { bytes, count, duration, join, type Quantity, rate } from "../../format/quantity.ts";
import { DisconnectDialog } from "./disconnect.tsx";
import type { ConnectionName, ConnectionsApi, NodeConnectionDetail } from "./hub-api.ts";
import { StateMark, shortSpan } from "./list-columns.tsx";

const EVERY_MS = 1000;

interface DetailProps {
  readonly api: ConnectionsApi;
  readonly name: ConnectionName;
  readonly onClose: () => void;
  /** An administrator did something that the list of acts should show. */
  readonly onActed: () => void;
}

/** One connection looked at closely, in a drawer. */
export function ConnectionDrawer({ api, name, onClose, onActed }: DetailProps): VNode {
  const { live } = useApp();
  const { detail, error } = useDetail(api, name);
  const [asks, setAsks] = useState(false);
  const closed = error?.code === "NOT_FOUND";
  const row = detail?.row;
  return (
    <>
      <Drawer title={row === undefined ? "Connection" : (row.user ?? row.id)} onClose={onClose}>
        <div class="dialog-body">
          {error === null ? null : <Problem error={error} seen={detail !== null} />}
          {detail === null ? (
            error === null ? (
              <EmptyState icon="waiting" title="Asking its process" why="What is known of it comes in a moment." />
            ) : null
          ) : (
            <>
              <Actions
                detail={detail}
                closed={closed}
                {...(live.principal.value?.role === "admin" ? { onDisconnect: () => setAsks(true) } : {})}
              />
              <Facts detail={detail} />
              <Sockets detail={detail} />
              <Handshake detail={detail} />
            </>
          )}
        </div>
      </Drawer>
      {asks && detail !== null ? (
        <DisconnectDialog
          api={api}
          detail={detail}
          onClose={() => setAsks(false)}
          onDone={() => {
            setAsks(false);
            onActed();
            onClose();
          }}
        />
      ) : null}
    </>
  );
}

interface Looked {
  readonly detail: NodeConnectionDetail | null;
  readonly error: WsightError | null;
}

/** Asks for one connection once a second, while the tab is seen and not paused; stops when the connection is gone. */
function useDetail(api: ConnectionsApi, { node, connection }: ConnectionName): Looked {
  const { live } = useApp();
  const [looked, setLooked] = useState<Looked>({ detail: null, error: null });
  useEffect(() => {
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        const detail = await api.detail({ node, connection }, ending.signal);
        if (!ending.signal.aborted) setLooked({ detail, error: null });
      } catch (error) {
        if (ending.signal.aborted) return;
        const known = error instanceof WsightError ? error : new WsightError("INTERNAL", "The answer made no sense");
        setLooked(({ detail }) => ({ detail, error: known }));
        if (known.code === "NOT_FOUND") return;
      }
      if (!ending.signal.aborted) again();
    };
    const again = (): void => {
      timer = setTimeout(() => (document.hidden || live.paused.peek() ? again() : void ask()), EVERY_MS);
    };
    setLooked({ detail: null, error: null });
    void ask();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [api, live, node, connection]);
  return looked;
}

function Problem({ error, seen }: { readonly error: WsightError; readonly seen: boolean }): VNode {
  const closed = error.code === "NOT_FOUND";
  return (
    <p class="drawer-note" data-tone={closed ? "quiet" : "warn"} role="status">
      <Icon name={closed ? "unplug" : "stale"} />
      {closed ? "This connection has closed." : `${error.message}.`}
      {seen ? " Below is what was known last." : ""}
    </p>
  );
}

interface ActionsProps {
  readonly detail: NodeConnectionDetail;
  readonly closed: boolean;
  /** Left out for people who may not. */
  readonly onDisconnect?: () => void;
}

function Actions({ detail: { node, row }, closed, onDisconnect }: ActionsProps): VNode {
  const { route } = useApp();
  const tail = { page: "messages", node, params: { tail: `connection:${row.connection}` } };
  return (
    <div class="drawer-actions">
      <a class="button" href={route.hrefTo(tail)}>
        <Icon name="messages" />
        Follow its messages
      </a>
      {onDisconnect === undefined ? null : (
        <button type="button" class="button" data-kind="danger" disabled={closed} onClick={onDisconnect}>
          <Icon name="unplug" />
          Disconnect{"\u2026"}
        </button>
      )}
    </div>
  );
}

function Facts({ detail: { at, node, row } }: { readonly detail: NodeConnectionDetail }): VNode {
  const { clock } = useApp();
  const ago = (when: number | null) => (when === null ? "never" : `${shortSpan(at - when)} ago`);
  const pair = (into: Quantity, out: Quantity) => `${join(into)} in · ${join(out)} out`;
  return (
    <>
      <Section title="Connection">
        <Fact name="State">
          <StateMark state={row.state} />
        </Fact>
        <Fact name="ID">
          <span class="mono">{row.id}</span>
        </Fact>
        <Fact name="User">{row.user ?? "–"}</Fact>
        {row.channel === null ? null : <Fact name="Channel">{row.channel}</Fact>}
        <Fact name="Node">{node}</Fact>
        <Fact name="Server">
          {row.server}
          {row.server === row.library ? null : <span class="fine">{row.library}</span>}
        </Fact>
        <Fact name="Transport">{row.transport}</Fact>
        <Fact name="Opened">
          {clock.value.day(row.openedAt)} {clock.value.time(row.openedAt)} · {shortSpan(at - row.openedAt)}
        </Fact>
      </Section>
      <Section title="Traffic">
        <Fact name="Now">{pair(rate(row.inRate), rate(row.outRate))}</Fact>
        <Fact name="Messages">{pair(count(row.messagesIn), count(row.messagesOut))}</Fact>
        <Fact name="Bytes">{pair(bytes(row.bytesIn), bytes(row.bytesOut))}</Fact>
        <Fact name="Last message">
          {ago(row.lastInAt)} in · {ago(row.lastOutAt)} out
        </Fact>
        <Fact name="Waiting to be sent">
          {join(bytes(row.bufferedBytes))} <span class="fine">most {join(bytes(row.bufferedHighBytes))}</span>
        </Fact>
        <Fact name="Heartbeat round trip">{row.rttMs === null ? "–" : join(duration(row.rttMs / 1000))}</Fact>
      </Section>
    </>
  );
}

function Sockets({ detail: { sockets } }: { readonly detail: NodeConnectionDetail }): VNode | null {
  if (sockets.length === 0) return null;
  return (
    <section>
      <h3 class="card-note">Namespaces and rooms</h3>
      <ul class="sockets">
        {sockets.map(({ id, namespace, rooms, roomCount }) => (
          <li key={id}>
            <p>
              <b>{namespace}</b> <span class="mono truncate">{id}</span>
            </p>
            <p class="room-list">
              {rooms.length === 0 ? <span class="fine">in no room but its own</span> : null}
              {rooms.map((room) => (
                <span key={room} class="chip">
                  {room}
                </span>
              ))}
              {roomCount > rooms.length ? (
                <span class="fine">and {join(count(roomCount - rooms.length))} more</span>
              ) : null}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Handshake({ detail: { handshake } }: { readonly detail: NodeConnectionDetail }): VNode {
  return (
    <Section title="Handshake">
      {handshake === null ? (
        <Fact name="Unknown">it was open before wsight was attached</Fact>
      ) : (
        <>
          {handshake.path === null ? null : <Fact name="Path">{handshake.path}</Fact>}
          <Fact name="Address">{handshake.address ?? "–"}</Fact>
          {handshake.headers.map(([name, value]) => (
            <Fact key={name} name={name}>
              <span class="header-value">{value}</span>
            </Fact>
          ))}
        </>
      )}
    </Section>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <section>
      <h3 class="card-note">{title}</h3>
      <dl class="facts">{children}</dl>
    </section>
  );
}
