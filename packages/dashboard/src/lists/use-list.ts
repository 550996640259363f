import { useEffect, useMemo, useRef } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { browserAttention, browserClock } from "../connection/environment.ts";
import type { PageParts } from "./row-feed.ts";

const ROW_PX = { cosy: 30, compact: 26, narrow: 54 } as const;

/** A feed for as long as its list is shown. @param make another function makes another feed */
export function useRowFeed<Feed extends { close(): void }>(make: (page: PageParts) => Feed): Feed {
  const { live } = useApp();
  const feed = useMemo(
    () => make({ clock: browserClock(), attention: browserAttention(), paused: () => live.paused.peek() }),
    [make, live],
  );
  useEffect(() => () => feed.close(), [feed]);
  return feed;
}

/** Height of a row, px: as dense as is preferred, of two lines where the window is narrow. */
export function useRowHeight(narrow: boolean): number {
  const density = useApp().preferences.density.value;
  return narrow ? ROW_PX.narrow : ROW_PX[density];
}

/**
 * Says how many were found, once for each search.
 * @param matched `null` while that is not known
 */
export function useAnnounced(
  search: string,
  matched: number | null,
  words: (matched: number, search: string) => string,
): void {
  const { say } = useApp();
  const said = useRef("");
  useEffect(() => {
    if (matched === null || said.current === search) return;
    said.current = search;
    say(words(matched, search));
  }, [say, search, matched, words]);
}
