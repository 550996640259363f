import type { TestRecord } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import { Notice } from "../../components/notice.tsx";
import { Curves } from "./curves.tsx";
import { compareTests, type Difference } from "./differences.ts";
import { percentileName, percentilePlaces, valuesAt } from "./distribution.ts";
import type { TestsApi } from "./tests-api.ts";
import { useTest } from "./use-tests.ts";
import { ms, nameOf, STATES } from "./words.ts";

interface CompareProps {
  readonly api: TestsApi;
  /** The older and the newer one. */
  readonly ids: readonly [a: string, b: string];
  readonly onClose: () => void;
}

/** Two runs side by side, and what differs. */
export function Compare({ api, ids: [idA, idB], onClose }: CompareProps): VNode {
  const a = useTest(api, idA);
  const b = useTest(api, idB);
  const rows = a.test === null || b.test === null ? null : compareTests(a.test, b.test);
  const problem = a.problem ?? b.problem;
  return (
    <section class="card" aria-labelledby="compared">
      <div class="card-head">
        <h2 id="compared">Two runs side by side</h2>
        <div class="card-aside">
          <button type="button" class="button" data-kind="bare" aria-label="Close the comparison" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <p class="card-caption">
          Less than 5 % apart is called the same: two runs of one thing seldom agree better. A run on a busier machine
          is another run.
        </p>
      </div>
      {rows === null || a.test === null || b.test === null ? (
        <p class="card-line" role={problem === null ? undefined : "alert"}>
          {problem ?? (a.test === null || b.test === null ? "Fetching both…" : "These two cannot be compared.")}
        </p>
      ) : (
        <>
          {[a.test, b.test].some((test) => test.kind === "load" && test.result?.tool.valid === false) ? (
            <Notice tone="warn">
              In one of them the tool was late itself: what differs may be the tool, and not the server.
            </Notice>
          ) : null}
          <div class="outcome">
            <Overlay a={a.test} b={b.test} />
            <Table a={a.test} b={b.test} rows={rows} />
          </div>
        </>
      )}
    </section>
  );
}

function latencyOf(test: TestRecord) {
  if (test.kind === "load") return test.result?.messages.latency ?? null;
  return test.kind === "echo" ? (test.result?.latency ?? null) : null;
}

function Overlay({ a, b }: { readonly a: TestRecord; readonly b: TestRecord }): VNode | null {
  const [one, other] = [latencyOf(a), latencyOf(b)];
  if (one === null || other === null) return null;
  const places = percentilePlaces(Math.min(one.count, other.count));
  return (
    <Curves
      title="Latency by percentile, both"
      caption="A as a dashed line, B as a solid one."
      places={places}
      x={{ label: "Percentile", format: percentileName, ticks: [0.30103, 1, 2, 3, 4] }}
      format={ms}
      curves={[
        { label: "A", color: "other", values: valuesAt(one, places), dashed: true },
        { label: "B", color: "p95", values: valuesAt(other, places) },
      ]}
    />
  );
}

interface TableProps {
  readonly a: TestRecord;
  readonly b: TestRecord;
  readonly rows: readonly Difference[];
}

function Table({ a, b, rows }: TableProps): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="wide-rows" aria-label="Differences" tabIndex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <Head letter="A" test={a} />
            <Head letter="B" test={b} />
            <th scope="col" class="num">
              From A to B
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, a: left, b: right, change, verdict }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="num">{left}</td>
              <td class="num">{right}</td>
              <td class="num gate" data-tone={verdict === "same" ? undefined : verdict === "better" ? "ok" : "crit"}>
                {change === null
                  ? ""
                  : `${change > 0 ? "+" : ""}${(change * 100).toFixed(Math.abs(change) < 0.1 ? 1 : 0)} %`}{" "}
                {verdict === "same" ? "" : verdict}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Head({ letter, test }: { readonly letter: string; readonly test: TestRecord }): VNode {
  const { clock } = useApp();
  return (
    <th scope="col" class="num">
      <b>{letter}</b> · {nameOf(test)}, {STATES[test.state].word.toLowerCase()}
      <br />
      {clock.value.day(test.startedAt)} {clock.value.time(test.startedAt)}
    </th>
  );
}
