import type { Route } from "../state/index.ts";

/** Changes parameters of the address in place; an empty one leaves it. */
export function setParams(route: Route, change: Readonly<Record<string, string>>): void {
  const merged = { ...route.params.peek(), ...change };
  const params = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  route.navigate({ params }, { replace: true });
}
