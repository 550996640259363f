import type { HistoryStorage, HistoryTierStorage, HubRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { Tone } from "../components/tone.ts";
import { bytes, count, join, span } from "../format/quantity.ts";
import { createHistoryApi } from "./history/history-api.ts";
import { useAsked } from "./history/use-asked.ts";
import { Setting } from "./settings-parts.tsx";

/** How often the hub is asked how much there is, ms. */
const EVERY_MS = 30_000;

/** Where history goes, what it takes, how far it reaches back, and what did not get there. */
export function Storage(): VNode {
  const { live } = useApp();
  const store = live.table("hub").value?.store;
  const [word, tone] = stateOf(store);
  return (
    <section class="card settings" aria-labelledby="storage">
      <div class="card-head">
        <h2 id="storage">Storage</h2>
        <span class="card-note">of the hub</span>
      </div>
      <Setting title="History" note={placeOf(store)}>
        <span class="state-word" data-tone={tone}>
          {word}
        </span>
      </Setting>
      <Setting
        title="Samples"
        note={store?.lastError == null ? "One for each series and second." : `Last error: ${store.lastError}`}
      >
        <span>
          <b>{count(store?.written ?? null).text}</b> written
          {store?.spooled === undefined ? null : (
            <>
              {" · "}
              <b>{count(store.spooled).text}</b> waiting
            </>
          )}
          {" · "}
          <b>{count(store?.dropped ?? null).text}</b> lost
        </span>
      </Setting>
      {store === undefined || store.state === "off" ? null : <Kept />}
    </section>
  );
}

/** What is kept, asked of the hub now and then while it is looked at. */
function Kept(): VNode {
  const api = useMemo(() => createHistoryApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((before) => before + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const { value, problem } = useAsked(String(turn), (signal) => api.storage(signal));
  if (value === null)
    return (
      <p class="storage-note fine">
        {problem === null ? "Asking how much there is…" : `How much there is could not be read: ${problem}`}
      </p>
    );
  const { bytes: size, maxBytes, samples, events, setAside } = value;
  return (
    <>
      <Setting
        title="On disk"
        note={
          maxBytes === null
            ? "No size cap: each tier below is kept as long as it says."
            : `At most ${join(bytes(maxBytes))}: beyond it the finest tier is shortened first.`
        }
      >
        <span>
          <b>{join(bytes(size))}</b>
          {" · "}
          <b>{count(samples).text}</b> samples
          {" · "}
          <b>{count(events).text}</b> events
        </span>
      </Setting>
      <Tiers storage={value} />
      {setAside.length === 0 ? null : (
        <p class="storage-note mistake">
          Damaged and moved aside since the hub began: {setAside.join(", ")}. What was in them is not shown.
        </p>
      )}
    </>
  );
}

/** History whose newest hour is a small part of it, ms. */
const SETTLED_MS = 4 * 3_600_000;

function Tiers({ storage: { tiers } }: { readonly storage: HistoryStorage }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll storage-tiers" aria-label="Tiers of history" tabIndex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Resolution</th>
            <th scope="col" class="num">
              Kept
            </th>
            <th scope="col" class="num">
              Reaches back
            </th>
            <th scope="col" class="num wide-cell">
              Samples
            </th>
            <th scope="col" class="num">
              Size
            </th>
            <th scope="col" class="num wide-cell">
              A sample
            </th>
          </tr>
        </thead>
        <tbody>
          {tiers.map((tier) => (
            <Tier key={tier.name} tier={tier} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Tier({ tier }: { readonly tier: HistoryTierStorage }): VNode {
  const { second } = useApp();
  const { stepMs, keepMs, samples, bytes: size, oldestAt, cappedFromAt } = tier;
  // What is not in blocks yet has no size of its own: until there are hours of it, the rest would say too little.
  const settled = size > 0 && oldestAt !== null && second.value - oldestAt > SETTLED_MS;
  return (
    <tr>
      <th scope="row">{span(stepMs)}</th>
      <td class="num">{span(keepMs)}</td>
      <td class="num">
        {oldestAt === null ? "empty" : span(second.value - oldestAt)}
        {cappedFromAt === null ? null : <span class="fine"> cut by the size cap</span>}
      </td>
      <td class="num wide-cell">{join(count(samples))}</td>
      <td class="num">{size === 0 ? "–" : join(bytes(size))}</td>
      <td class="num wide-cell">{settled ? `${(size / samples).toFixed(2)} B` : "–"}</td>
    </tr>
  );
}

type Store = HubRow["store"] | undefined;

function stateOf(store: Store): readonly [string, Tone] {
  if (store === undefined) return ["–", "quiet"];
  return STATE_WORDS[store.state];
}

const STATE_WORDS: { readonly [S in HubRow["store"]["state"]]: readonly [string, Tone] } = {
  ok: ["stored", "ok"],
  failing: ["can't be stored", "crit"],
  off: ["off", "quiet"],
};

function placeOf(store: Store): string {
  if (store === undefined) return "Not known yet.";
  if (store.state === "off") return "Nothing is kept on disk (data: none).";
  return `In ${store.engine ?? "the embedded store, in the data directory"}.`;
}
