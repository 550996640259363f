import { useEffect } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { OnScreen } from "../state/index.ts";

/** Says what this part of a page shows, for as long as it is there. @param what the same object while it means the same */
export function useOnScreen(what: OnScreen): void {
  const { live } = useApp();
  useEffect(() => live.use(what), [live, what]);
}
