import type { VNode } from "preact";

const WORDS: readonly (readonly [string, string])[] = [
  ["8fk2 ada", "both in the id, user or channel"],
  ["user:ada", "exactly this user; also id: channel: server:"],
  ["ns:/chat", "joined this namespace"],
  ["room:lobby", 'in this room; quote spaces: room:"the lobby"'],
  ["tr:polling", "this transport; lib:ws a library"],
  ["state:slow", "open, idle, slow or closing"],
  ["buffered:>64k", "more bytes waiting to be sent"],
  ["rtt:>100", "slower heartbeat, ms; also rtt:>1s"],
  ["age:>1h", "open for longer; s, m, h or d"],
];

/** What can be typed into the search. */
export function SearchHelp(): VNode {
  return (
    <dl class="search-help">
      {WORDS.map(([word, meaning]) => (
        <div key={word}>
          <dt>
            <code>{word}</code>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
