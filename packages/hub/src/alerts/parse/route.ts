import type { AlertRoute } from "@wsight/protocol";
import { DEFAULT_ROUTE } from "../plan/routes.ts";
import { Form } from "./form.ts";
import { labelName } from "./labels.ts";
import { readMatchers } from "./matchers.ts";
import { flag, id, whole } from "./reads.ts";

const NAMES = ["matchers", "channels", "groupBy", "groupWaitSec", "groupIntervalSec", "continue", "routes"];
/** Deepest routes below the root. */
const MAX_DEPTH = 5;
/** Most routes of the whole tree. */
const MAX_ROUTES = 200;
const MAX_CHANNELS = 50;
const MAX_GROUP_BY = 10;
/** Waits an hour, and a day between two messages, at most. */
const LONGEST_WAIT_SEC = 3600;
const LONGEST_INTERVAL_SEC = 86_400;

/** What a tree of routes is checked against. */
export interface RouteContext {
  /** Ids of the channels there are. */
  readonly channels: readonly string[];
}

/**
 * Parses the tree of routes that came from outside; what is left out comes from the parent.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseRoute(value: unknown, { channels }: RouteContext): AlertRoute {
  const form = Form.open("route", value, NAMES);
  let count = 0;

  function read(at: Form, parent: AlertRoute, depth: number): AlertRoute {
    count++;
    if (count === MAX_ROUTES + 1) form.fail("routes", `expected at most ${MAX_ROUTES} routes in all`);
    const route = {
      matchers: at.has("matchers") ? readMatchers(at, "matchers", at.raw("matchers")) : [],
      channels: at.list("channels", at.raw("channels") ?? [], MAX_CHANNELS, (name, one) =>
        at.check(name, one, knownChannel, ""),
      ),
      groupBy: at.list("groupBy", at.raw("groupBy") ?? parent.groupBy, MAX_GROUP_BY, (name, one) =>
        one === "..." ? one : at.check(name, one, labelName, ""),
      ),
      groupWaitSec: at.optional("groupWaitSec", whole(0, LONGEST_WAIT_SEC), parent.groupWaitSec),
      groupIntervalSec: at.optional("groupIntervalSec", whole(10, LONGEST_INTERVAL_SEC), parent.groupIntervalSec),
      continue: at.optional("continue", flag, false),
    };
    return { ...route, routes: readChildren(at, { ...route, routes: [] }, depth) };
  }

  function readChildren(at: Form, parent: AlertRoute, depth: number): readonly AlertRoute[] {
    const children = at.raw("routes") ?? [];
    if (depth >= MAX_DEPTH && Array.isArray(children) && children.length > 0) {
      at.fail("routes", `expected routes at most ${MAX_DEPTH} deep`);
      return [];
    }
    return at.list("routes", children, MAX_ROUTES, (name, child) => {
      const inner = at.within(name, child, NAMES);
      if (count > MAX_ROUTES) return parent;
      const route = read(inner, parent, depth + 1);
      if (route.matchers.length === 0 && !inner.hasFault("matchers"))
        inner.fail("matchers", "expected at least one: a route that takes everything hides those behind it");
      return route;
    });
  }

  function knownChannel(where: string, value: unknown): string {
    const channel = id(where, value);
    if (!channels.includes(channel))
      throw new Error(`expected a channel that is there, got ${JSON.stringify(channel)}`);
    return channel;
  }

  const route = read(form, DEFAULT_ROUTE, 0);
  if (route.matchers.length > 0) form.fail("matchers", "expected none: the first route takes everything");
  if (route.continue) form.fail("continue", "expected false: nothing comes after the first route");
  form.finish("route");
  return route;
}
