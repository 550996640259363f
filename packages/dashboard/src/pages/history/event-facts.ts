import type { HistoryEvent } from "@wsight/protocol";
import { bytes, count, duration, type Formatter, join } from "../../format/quantity.ts";

type Facts = HistoryEvent["attributes"];

/** Reads a number that may be absent. */
function number(facts: Facts, name: string): number | null {
  const value = facts[name];
  return typeof value === "number" ? value : null;
}

function pair(facts: Facts, [into, out]: readonly [string, string], format: Formatter): string | null {
  const [a, b] = [number(facts, into), number(facts, out)];
  return a === null || b === null ? null : `${join(format(a))} in, ${join(format(b))} out`;
}

/** What is told of attributes that are known, in this order, and which of them it is about. */
const SAID: readonly { readonly names: readonly string[]; readonly say: (facts: Facts) => string | null }[] = [
  { names: ["server"], say: ({ server }) => (server === undefined ? null : String(server)) },
  { names: ["durationMs"], say: (facts) => quantity(facts, "durationMs", "open", (ms) => duration(ms / 1000)) },
  {
    names: ["messagesIn", "messagesOut"],
    say: (facts) => withWord("messages", pair(facts, ["messagesIn", "messagesOut"], count)),
  },
  { names: ["bytesIn", "bytesOut"], say: (facts) => pair(facts, ["bytesIn", "bytesOut"], bytes) },
  { names: ["rttMs"], say: (facts) => quantity(facts, "rttMs", "round trip", (ms) => duration(ms / 1000)) },
  {
    names: ["bufferedHighBytes"],
    say: (facts) =>
      facts.bufferedHighBytes === 0 ? null : quantity(facts, "bufferedHighBytes", "buffered at most", bytes),
  },
];
const KNOWN = new Set(SAID.flatMap(({ names }) => names));

/**
 * What an event has beside its text, for people:
 * `socket.io · open 49 s · messages 78 in, 205 out · 3.6 kB in, 72 kB out`.
 */
export function factsText({ attributes }: Pick<HistoryEvent, "attributes">): string {
  const said = SAID.flatMap(({ say }) => say(attributes) ?? []);
  const others = Object.entries(attributes).filter(([name]) => !KNOWN.has(name));
  return [...said, ...others.map(([name, value]) => `${name} ${value}`)].join(" · ");
}

function quantity(facts: Facts, name: string, word: string, format: (value: number) => ReturnType<Formatter>) {
  const value = number(facts, name);
  return withWord(word, value === null ? null : join(format(value)));
}

function withWord(word: string, text: string | null): string | null {
  return text === null ? null : `${word} ${text}`;
}
