import type { WsightError } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "../components/icon.tsx";
import { count, join, span } from "../format/quantity.ts";
import { MOST_SCROLLED, type RowAnswer } from "./row-book.ts";
import { HELD_WORDS, type HoldReason } from "./row-feed.ts";

interface ListFootProps {
  /** What there is one of, and several. */
  readonly noun: readonly [one: string, several: string];
  readonly answer: Pick<RowAnswer<unknown>, "at" | "matched">;
  /** All there are. */
  readonly all: number;
  /** Those that match are told as a part of all. */
  readonly part: boolean;
  readonly held: HoldReason | null;
  /** Why the list is no newer; `null` when it is as new as can be, or when that is told elsewhere. */
  readonly error: WsightError | null;
  /** What else is to be known of the answer. */
  readonly children?: ComponentChildren;
  readonly onRetry: () => void;
}

/** How many there are, whether their order stands still, and how old the list is where it should be newer. */
export function ListFoot(props: ListFootProps): VNode {
  const { noun, answer, all, part, held, error, children, onRetry } = props;
  const { second } = useApp();
  const [one, several] = noun;
  const { at, matched } = answer;
  return (
    <div class="list-foot">
      <p>
        <b>{part ? `${join(count(matched))} of ${join(count(all))}` : join(count(all))}</b> {all === 1 ? one : several}
        {matched > MOST_SCROLLED ? ` · the first ${join(count(MOST_SCROLLED))} can be scrolled to` : ""}
        {held === null ? "" : ` · order held ${HELD_WORDS[held]}`}
      </p>
      {children}
      {error === null ? null : (
        <p class="chip" data-tone="warn">
          <Icon name="unplug" />
          {error.message}; as of {span(Math.max(0, second.value - at))} ago
          <button type="button" class="button" data-kind="bare" onClick={onRetry}>
            Ask again
          </button>
        </p>
      )}
    </div>
  );
}
