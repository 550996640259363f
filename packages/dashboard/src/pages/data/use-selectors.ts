import type { Selector } from "@wsight/protocol";
import { useMemo } from "preact/hooks";
import { useOnScreen } from "../use-on-screen.ts";

/** Makes the series of one source and keeps them current for as long as it is looked at. */
export function useSelectors<T extends object>(make: (name: string | null) => T, name: string | null): T {
  const selectors = useMemo(() => make(name), [name]);
  useOnScreen(useMemo(() => ({ series: selectorsIn(selectors), tables: [] }), [selectors]));
  return selectors;
}

/** Every selector in a value, however deep. */
function selectorsIn(value: unknown): readonly Selector[] {
  if (typeof value !== "object" || value === null) return [];
  if ("metric" in value) return [value as Selector];
  return Object.values(value).flatMap(selectorsIn);
}
