import type { CountTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { count, join, share } from "../../format/quantity.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";

const MOST_ROWS = 100;
const USERS_ON_SCREEN = { series: [], tables: ["users"] } as const;
const ROOMS_ON_SCREEN = { series: [], tables: ["rooms", "channels"] } as const;

interface CountsTabProps {
  /** Shows the connections that a search finds. */
  readonly onSearch: (search: string) => void;
}

/** Users by their open connections, and how many users have how many. */
export function UsersTab({ onSearch }: CountsTabProps): VNode {
  const { live } = useApp();
  useOnScreen(USERS_ON_SCREEN);
  return (
    <Counts
      table={live.table("users").value}
      one="user"
      many="users"
      word="user"
      of="connections"
      empty={noUsers(explainEmpty(live, "users"), hasConnections(live))}
      onSearch={onSearch}
    />
  );
}

/** Rooms by their members; and channels, where the application names some. */
export function RoomsTab({ onSearch }: CountsTabProps): VNode {
  const { live } = useApp();
  useOnScreen(ROOMS_ON_SCREEN);
  const channels = live.table("channels").value;
  return (
    <>
      <Counts
        table={live.table("rooms").value}
        one="room"
        many="rooms"
        word="room"
        of="sockets"
        empty={noRooms(explainEmpty(live, "rooms"), hasConnections(live))}
        onSearch={onSearch}
      />
      {channels === null || channels.rows.length === 0 ? null : (
        <Counts
          table={channels}
          one="channel"
          many="channels"
          word="channel"
          of="connections"
          empty={explainEmpty(live, "channels")}
          onSearch={onSearch}
        />
      )}
    </>
  );
}

type Live = ReturnType<typeof useApp>["live"];

function hasConnections(live: Live): boolean {
  return nodesInView(live).some(({ connections }) => (connections ?? 0) > 0);
}

function noUsers(otherwise: Emptiness, connected: boolean): Emptiness {
  if (!connected) return otherwise;
  return {
    icon: "plug",
    title: "Nobody is known by name",
    why: "Connections are open, but wsight was not told whose they are. Say it with getUser; it is called once for each connection.",
    snippet: "await monitor({ io }, { getUser: (socket) => socket.data.userId })",
  };
}

function noRooms(otherwise: Emptiness, connected: boolean): Emptiness {
  if (!connected) return otherwise;
  return {
    icon: "plug",
    title: "No rooms",
    why: "Rooms are Socket.IO's; nobody has joined one beside a socket's own. For ws, getChannel groups connections alike.",
    snippet: "await monitor({ wss }, { getChannel: (socket, request) => request.url })",
  };
}

interface CountsProps extends CountsTabProps {
  readonly table: CountTable | null;
  readonly one: string;
  readonly many: string;
  /** Word of the search for one of them. */
  readonly word: string;
  /** What is counted. */
  readonly of: string;
  readonly empty: Emptiness;
}

function Counts({ table, one, many, word, of, empty, onSearch }: CountsProps): VNode {
  const { live } = useApp();
  if (table === null || table.rows.length === 0)
    return (
      <div class="vt-none">
        <EmptyState {...empty} />
      </div>
    );
  const most = table.rows[0]?.count ?? 1;
  const rows = table.rows.slice(0, MOST_ROWS);
  return (
    <div class="counts">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="counts-rows" aria-label={`${many}, largest first`} tabIndex={0}>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{one}</th>
              <th scope="col" class="num">
                {of}
              </th>
              <th scope="col">
                <span class="sr-only">Share of the largest</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row" class="name">
                  <span>
                    <button
                      type="button"
                      class="link truncate"
                      title={`Show the ${of} of ${row.key}`}
                      onClick={() => onSearch(`${word}:${quoted(row.key)}`)}
                    >
                      {row.key}
                    </button>
                  </span>
                </th>
                <td class="num">{join(count(row.count))}</td>
                <td class="counts-bar">
                  <Bar share={row.count / most} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="counts-side">
        <h3>
          {join(count(table.total))} {table.total === 1 ? one : many}
        </h3>
        <p class="fine">
          {of} of each {one}
          {live.node.value === null ? "" : ", all nodes"}
        </p>
        <Spread spread={table.spread} many={many} />
        {table.total > rows.length ? <p class="fine">The largest {rows.length} are listed.</p> : null}
      </div>
    </div>
  );
}

/** How many have 1, 2, 3–4, 5–8 … */
function Spread({ spread, many }: { readonly spread: readonly number[]; readonly many: string }): VNode | null {
  const first = spread.findIndex((each) => each > 0);
  if (first < 0) return null;
  // Empty ones say something between others only.
  const shown = spread.slice(first, spread.findLastIndex((each) => each > 0) + 1);
  const most = Math.max(...shown);
  const total = shown.reduce((sum, each) => sum + each, 0);
  return (
    <ul class="spread">
      {shown.map((each, place) => (
        <li key={first + place} title={`${join(count(each))} ${many}, ${join(share(each / total))}`}>
          <span>{octaveName(first + place)}</span>
          <Bar share={each === 0 ? null : each / most} />
          <span>{join(count(each))}</span>
        </li>
      ))}
    </ul>
  );
}

/** `1`, `2`, `3–4`, `5–8`: counts that stand in one octave. */
export function octaveName(octave: number): string {
  if (octave < 2) return String(octave + 1);
  return `${2 ** (octave - 1) + 1}–${2 ** octave}`;
}

function quoted(key: string): string {
  return /[\s"]/.test(key) ? `"${key.replaceAll('"', "")}"` : key;
}
