import type { AlertRoute } from "@wsight/protocol";

/** Places of children from the root on; empty for the root. */
export type RoutePath = readonly number[];

/** A route, its place, and how deep it lies. */
export interface PlacedRoute {
  readonly path: RoutePath;
  readonly route: AlertRoute;
}

/** Every route below the root, in the order they are asked. */
export function placed(root: AlertRoute, above: RoutePath = []): readonly PlacedRoute[] {
  return root.routes.flatMap((route, index) => {
    const path = [...above, index];
    return [{ path, route }, ...placed(route, path)];
  });
}

/** The tree with another route in a place; its children stay. */
export function withRoute(root: AlertRoute, path: RoutePath, change: Partial<Omit<AlertRoute, "routes">>): AlertRoute {
  return atPath(root, path, (route) => ({ ...route, ...change }));
}

/** The tree without what is in a place. */
export function withoutRoute(root: AlertRoute, path: RoutePath): AlertRoute {
  const last = path.at(-1);
  if (last === undefined) return root;
  return atPath(root, path.slice(0, -1), (parent) => ({
    ...parent,
    routes: parent.routes.filter((_, index) => index !== last),
  }));
}

/** The tree with a further child of a route, asked last. */
export function withChild(root: AlertRoute, path: RoutePath, child: AlertRoute): AlertRoute {
  return atPath(root, path, (parent) => ({ ...parent, routes: [...parent.routes, child] }));
}

/** The tree with a route asked before the one that stood before it; the first stays the first. */
export function movedUp(root: AlertRoute, path: RoutePath): AlertRoute {
  const last = path.at(-1);
  if (last === undefined || last === 0) return root;
  return atPath(root, path.slice(0, -1), (parent) => {
    const routes = [...parent.routes];
    routes.splice(last - 1, 0, ...routes.splice(last, 1));
    return { ...parent, routes };
  });
}

/** What a new child begins with: as its parent, and nothing chosen yet. */
export function newChild(parent: AlertRoute): AlertRoute {
  return {
    ...parent,
    matchers: [{ label: "severity", op: "=", value: "critical" }],
    channels: [],
    continue: false,
    routes: [],
  };
}

/** The route in a place; the root when there is none. */
export function routeAt(root: AlertRoute, path: RoutePath): AlertRoute {
  return path.reduce<AlertRoute>((route, index) => route.routes[index] ?? route, root);
}

function atPath(root: AlertRoute, path: RoutePath, change: (route: AlertRoute) => AlertRoute): AlertRoute {
  const [first, ...rest] = path;
  if (first === undefined) return change(root);
  return {
    ...root,
    routes: root.routes.map((route, index) => (index === first ? atPath(route, rest, change) : route)),
  };
}
