import type { AlertChannel, AlertRoute } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import { Menu, type MenuItem } from "../../components/menu.tsx";
import { span } from "../../format/quantity.ts";
import { Problem } from "../history/problem.tsx";
import { useAsked } from "../history/use-asked.ts";
import type { AlertsApi } from "./alerts-api.ts";
import { Inhibitions } from "./inhibitions.tsx";
import { MatcherChips } from "./matchers.tsx";
import { RouteForm } from "./route-form.tsx";
import {
  movedUp,
  newChild,
  placed,
  type RoutePath,
  routeAt,
  withChild,
  withoutRoute,
  withRoute,
} from "./route-tree.ts";
import { useSaving } from "./use-saving.ts";
import { listed } from "./words.ts";

interface RoutesProps {
  readonly api: AlertsApi;
  readonly admin: boolean;
  readonly channels: readonly AlertChannel[];
}

/** `child`: a new one below the path. */
type Open = { readonly path: RoutePath; readonly child: boolean } | null;

/** Who is told of what, and what says nothing while another alert does. */
export function Routes({ api, admin, channels }: RoutesProps): VNode {
  const [open, setOpen] = useState<Open>(null);
  const [turn, setTurn] = useState(0);
  const asked = useAsked(`routes ${turn}`, (signal) => api.route(signal));
  const saving = useSaving();
  const root = asked.value;
  const saved = () => {
    setOpen(null);
    setTurn((before) => before + 1);
  };
  const save = (next: AlertRoute, said: string) => saving.run(() => api.saveRoute(next), said, saved);
  return (
    <section class="card" aria-labelledby="routes">
      <div class="card-head">
        <h2 id="routes">Who is told of what</h2>
        {!admin || root === null ? null : (
          <div class="card-aside">
            <button type="button" class="button" onClick={() => setOpen({ path: [], child: true })}>
              <Icon name="plus" />
              Add route
            </button>
          </div>
        )}
        <p class="card-caption">The first route that matches takes an alert, unless it lets the next see it too.</p>
      </div>
      {asked.problem === null ? null : <Problem what="Routes" problem={asked.problem} onRetry={asked.again} />}
      {saving.problem === null || open !== null ? null : (
        <p class="mistake part-pad" role="alert">
          {saving.problem}
        </p>
      )}
      {root === null ? null : (
        <ul class="routes">
          {placed(root).map(({ path, route }) => (
            <Route
              key={path.join()}
              route={route}
              depth={path.length}
              channels={channels}
              items={
                admin
                  ? actsOf(path, {
                      edit: () => setOpen({ path, child: false }),
                      add: () => setOpen({ path, child: true }),
                      up: () => save(movedUp(root, path), "The routes were saved"),
                      remove: () => save(withoutRoute(root, path), "The route was deleted"),
                    })
                  : []
              }
            />
          ))}
          <Route
            route={root}
            depth={1}
            last
            channels={channels}
            items={
              admin ? [{ label: "Change\u2026", icon: "settings", run: () => setOpen({ path: [], child: false }) }] : []
            }
          />
        </ul>
      )}
      <Inhibitions api={api} admin={admin} />
      {open === null || root === null ? null : (
        <RouteForm
          route={open.child ? newChild(routeAt(root, open.path)) : routeAt(root, open.path)}
          root={open.path.length === 0 && !open.child}
          fresh={open.child}
          channels={channels}
          saving={saving}
          onClose={() => setOpen(null)}
          onSave={(route) =>
            save(
              open.child ? withChild(root, open.path, route) : withRoute(root, open.path, { ...route }),
              "The route was saved",
            )
          }
        />
      )}
    </section>
  );
}

interface Acts {
  readonly edit: () => void;
  readonly add: () => void;
  readonly up: () => void;
  readonly remove: () => void;
}

function actsOf(path: RoutePath, { edit, add, up, remove }: Acts): readonly MenuItem[] {
  return [
    { label: "Change\u2026", icon: "settings", run: edit },
    ...(path.at(-1) === 0 ? [] : [{ label: "Ask it earlier", icon: "out" as const, run: up }]),
    { label: "Add a route below it\u2026", icon: "plus", run: add },
    { label: "Delete", icon: "close", run: remove },
  ];
}

interface RouteProps {
  readonly route: AlertRoute;
  readonly depth: number;
  /** True for the root, which takes what no other does. */
  readonly last?: boolean;
  readonly channels: readonly AlertChannel[];
  readonly items: readonly MenuItem[];
}

function Route({ route, depth, last = false, channels, items }: RouteProps): VNode {
  const { groupBy, groupWaitSec, groupIntervalSec } = route;
  const told = toldText(route, channels, last);
  return (
    <li style={{ "--depth": depth - 1 }}>
      <div class="route-text">
        {last ? (
          <span class="chips">
            <span class="chip">everything that no other route takes</span>
          </span>
        ) : (
          <MatcherChips matchers={route.matchers} none="everything" />
        )}
        <p>
          <Icon name="out" />
          {told}
        </p>
        <p class="fine">
          {groupBy.length === 0
            ? "all in one message"
            : groupBy.includes("...")
              ? "a message for each alert"
              : `one message for each ${listed(groupBy)}`}
          , {groupWaitSec === 0 ? "at once" : `${span(groupWaitSec * 1000)} after the first`}, then at most every{" "}
          {span(groupIntervalSec * 1000)}
          {route.continue ? " · the next routes see it too" : ""}
        </p>
      </div>
      {items.length === 0 ? null : (
        <Menu
          label={`Route to ${told}`}
          buttonLabel={`Route to ${told}: more`}
          buttonClass="button"
          buttonKind="square"
          items={items}
        >
          <Icon name="more" />
        </Menu>
      )}
    </li>
  );
}

function toldText(route: AlertRoute, channels: readonly AlertChannel[], root: boolean): string {
  if (route.channels.length > 0)
    return listed(route.channels.map((id) => channels.find((channel) => channel.id === id)?.name ?? `${id} (deleted)`));
  if (!root) return "as above it";
  return channels.length === 0 ? "nobody: there is no channel yet" : "every channel that is on";
}
