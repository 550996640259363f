import { createHash } from "node:crypto";
import type { AlertChannel, AlertRoute, Labels } from "@wsight/protocol";
import { compileMatchers, type LabelTest, labelOf } from "./matchers.ts";

/** The way of a notice to one channel. */
interface Way {
  readonly channelId: string;
  readonly groupKey: string;
  readonly groupWaitSec: number;
  readonly groupIntervalSec: number;
}

/** The tree of routes, ready to be asked. */
export interface Routes {
  /** One way for each channel that is to be told. */
  waysOf(labels: Labels): readonly Way[];
  readonly troubles: readonly string[];
}

/** Where everything goes while nobody set a route: every enabled channel. */
export const DEFAULT_ROUTE: AlertRoute = {
  matchers: [],
  channels: [],
  groupBy: ["rule", "severity"],
  groupWaitSec: 10,
  groupIntervalSec: 60,
  continue: false,
  routes: [],
};

/** In `groupBy`: all labels, so that every alert is a message of its own. */
const EACH = "...";
/** Longest group key that is written out. */
const MAX_KEY = 200;
/** Deepest routes that are followed; parsers refuse deeper ones. */
const MAX_DEPTH = 10;

interface Branch {
  readonly path: string;
  readonly route: AlertRoute;
  readonly matches: LabelTest;
  /** Enabled ones. */
  readonly channels: readonly string[];
  readonly branches: readonly Branch[];
}

/**
 * Prepares a tree of routes. Channels that are not there any more are passed over; where none of those named is left,
 * the parent's are told, so that nothing is lost in silence.
 */
export function createRoutes(root: AlertRoute, channels: readonly Pick<AlertChannel, "id" | "enabled">[]): Routes {
  const troubles: string[] = [];
  const known = new Set(channels.map(({ id }) => id));
  const enabled = new Set(channels.filter((channel) => channel.enabled).map(({ id }) => id));

  function branch(route: AlertRoute, path: string, parent: readonly string[], depth: number): Branch {
    const named = route.channels.filter((id) => known.has(id));
    for (const id of route.channels) if (!known.has(id)) troubles.push(`route ${path}: there is no channel ${id}`);
    const told = named.length === 0 ? parent : named.filter((id) => enabled.has(id));
    const below = depth < MAX_DEPTH ? route.routes : [];
    return {
      path,
      route,
      matches: testOf(route, path),
      channels: told,
      branches: below.map((child, i) => branch(child, `${path}.${i}`, told, depth + 1)),
    };
  }

  function testOf(route: AlertRoute, path: string): LabelTest {
    try {
      return compileMatchers(route.matchers);
    } catch (error) {
      troubles.push(`route ${path}: ${error instanceof Error ? error.message : String(error)}`);
      return () => false;
    }
  }

  const top = branch({ ...root, matchers: [] }, "0", [...enabled], 0);
  return {
    troubles,
    waysOf(labels) {
      const ways = new Map<string, Way>();
      for (const { channels: told, route, path } of branchesFor(top, labels)) {
        const { groupWaitSec, groupIntervalSec } = route;
        const groupKey = groupKeyOf(path, route.groupBy, labels);
        for (const channelId of told) {
          if (!ways.has(channelId)) ways.set(channelId, { channelId, groupKey, groupWaitSec, groupIntervalSec });
        }
      }
      return [...ways.values()];
    },
  };
}

function branchesFor(branch: Branch, labels: Labels): readonly Branch[] {
  const found: Branch[] = [];
  for (const child of branch.branches) {
    if (!child.matches(labels)) continue;
    found.push(...branchesFor(child, labels));
    if (!child.route.continue) break;
  }
  return found.length === 0 ? [branch] : found;
}

function groupKeyOf(path: string, groupBy: readonly string[], labels: Labels): string {
  const names = groupBy.includes(EACH) ? Object.keys(labels) : groupBy;
  const parts = [...names].sort().map((name) => [name, labelOf(labels, name)]);
  const key = `${path}${JSON.stringify(parts)}`;
  if (key.length <= MAX_KEY) return key;
  return `${path}#${createHash("sha256").update(key).digest("hex")}`;
}
