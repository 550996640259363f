import type { WsightError } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { count, join, span } from "../../format/quantity.ts";
import { MOST_SCROLLED } from "../../lists/row-book.ts";
import { HELD_WORDS, type HoldReason } from "../../lists/row-feed.ts";
import type { ConnectionList } from "./hub-api.ts";

interface ListFootProps {
  readonly answer: ConnectionList | null;
  readonly error: WsightError | null;
  readonly held: HoldReason | null;
  readonly searched: boolean;
  readonly onRetry: () => void;
}

/** How many there are, whether their order stands still, and who did not answer. */
export function ListFoot({ answer, error, held, searched, onRetry }: ListFootProps): VNode | null {
  const { second } = useApp();
  if (answer === null) return null;
  const silent = answer.nodes.filter((node) => node.error !== null);
  const total = join(count(answer.open));
  return (
    <div class="list-foot">
      <p>
        <b>{searched ? `${join(count(answer.matched))} of ${total}` : total}</b>{" "}
        {answer.open === 1 ? "connection" : "connections"}
        {answer.matched > MOST_SCROLLED ? ` · the first ${join(count(MOST_SCROLLED))} can be scrolled to` : ""}
        {held === null ? "" : ` · order held ${HELD_WORDS[held]}`}
      </p>
      {silent.length === 0 ? null : (
        <p class="chip" data-tone="warn" title={silent.map(({ node, error: why }) => `${node}: ${why}`).join("\n")}>
          <Icon name="stale" />
          {silent.length === 1
            ? `${silent[0]?.node} did not answer; its`
            : `${silent.length} nodes did not answer; their`}{" "}
          connections are missing
        </p>
      )}
      {error === null || error.code === "BAD_REQUEST" ? null : (
        <p class="chip" data-tone="warn">
          <Icon name="unplug" />
          {error.message}; as of {span(Math.max(0, second.value - answer.at))} ago
          <button type="button" class="button" data-kind="bare" onClick={onRetry}>
            Ask again
          </button>
        </p>
      )}
    </div>
  );
}
