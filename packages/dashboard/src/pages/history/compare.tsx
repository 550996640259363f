import {
  type HistoryCompareAnswer,
  type HistoryCompareLine,
  type HistoryResult,
  type HistorySelector,
  MAX_USUAL_SAMPLES,
  UNUSUAL_Z,
} from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { ChartMenu } from "../../charts/chart-menu.tsx";
import type { ChartTable } from "../../charts/chart-table.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { join, share, span } from "../../format/quantity.ts";
import { figureText } from "../../history/figure-text.ts";
import type { HistoryApi } from "./history-api.ts";
import { KEY_FIGURES } from "./key-figures.ts";
import { figureTitle, lineTitle } from "./names.ts";
import { offNode, onNode } from "./on-node.ts";
import { Overlay } from "./overlay.tsx";
import { otherFrom } from "./place.ts";
import { Problem } from "./problem.tsx";
import { signed } from "./trend-table.tsx";
import { formatOf, unitWord } from "./units.ts";
import { useAsked } from "./use-asked.ts";
import type { PagePlace } from "./use-place.ts";
import { VersusPick } from "./versus-pick.tsx";

interface CompareProps {
  readonly api: HistoryApi;
  readonly at: PagePlace;
  readonly points: number;
}

/** One line of the table. */
interface Row {
  readonly id: string;
  readonly selector: HistorySelector;
  readonly label: string;
  readonly unit: HistoryResult["unit"];
  readonly line: HistoryCompareLine;
}

/** One period beside another: what differs, by how much, and whether that is usual. */
export function Compare({ api, at, points }: CompareProps): VNode {
  const { place, period, node, change } = at;
  const lengthMs = period.toAt - period.fromAt;
  const againstAt = otherFrom(place.versus, period.fromAt, period.toAt);
  const selectors = useMemo(
    () => (place.own ? place.figures : KEY_FIGURES).map((figure) => onNode(figure, node)),
    [place.own, place.figures, node],
  );
  const query = { fromAt: period.fromAt, toAt: period.toAt, againstAt, selectors };
  const backwards = againstAt >= period.fromAt;
  const asked = useAsked(backwards || selectors.length === 0 ? null : JSON.stringify(query), async (signal) =>
    offNode(await api.compare(query, signal), node),
  );
  const rows = useMemo(() => (asked.value === null ? [] : rowsOf(asked.value)), [asked.value]);
  const [wanted, setWanted] = useState<string | null>(null);
  const shown = rows.find(({ id }) => id === wanted) ?? rows.find(isOutside) ?? rows[0];
  return (
    <>
      <section class="card compare-bar" aria-label="What is compared">
        <Segmented
          label="Figures"
          options={[
            { value: "key", label: "Key figures", title: "Connections, messages, latency, errors, resources" },
            { value: "own", label: "Chosen figures", title: "Those of Explore" },
          ]}
          value={place.own ? "own" : "key"}
          onChange={(value) => change({ own: value === "own" })}
        />
        <VersusPick versus={place.versus} period={period} onPick={(versus) => change({ versus })} />
        <Periods fromAt={period.fromAt} againstAt={againstAt} lengthMs={lengthMs} />
      </section>
      {backwards ? (
        <section class="card" aria-label="Why this is empty">
          <EmptyState
            icon="history"
            title="The other period must begin earlier"
            why="A is the time chosen above; B is what it is compared with, and begins before it."
          />
        </section>
      ) : null}
      {asked.problem === null ? null : <Problem what="The comparison" problem={asked.problem} onRetry={asked.again} />}
      {asked.value === null || backwards ? null : (
        <>
          <Differences
            rows={rows}
            asked={selectors.length}
            pending={asked.pending}
            shown={shown?.id ?? null}
            onShow={setWanted}
            rounded={asked.value === null ? "" : roundedText(asked.value, period)}
          />
          {shown === undefined ? null : (
            <Overlay
              key={figureText(shown.selector)}
              api={api}
              selector={shown.selector}
              node={node}
              period={period}
              againstAt={againstAt}
              points={points}
              onRange={at.fix}
            />
          )}
        </>
      )}
    </>
  );
}

function Periods({
  fromAt,
  againstAt,
  lengthMs,
}: {
  readonly fromAt: number;
  readonly againstAt: number;
  readonly lengthMs: number;
}): VNode {
  const { clock } = useApp();
  const text = (at: number) => {
    const end = at + lengthMs;
    const sameDay = clock.value.day(at) === clock.value.day(end);
    return `${clock.value.day(at)} ${clock.value.time(at)} – ${sameDay ? "" : `${clock.value.day(end)} `}${clock.value.time(end)}`;
  };
  return (
    <p class="compare-periods">
      <span>
        <b>A</b> {text(fromAt)}
      </span>
      <span>
        <b>B</b> {text(againstAt)}
        {againstAt + lengthMs > fromAt ? " · they overlap" : ""}
      </span>
      <span class="fine">{span(lengthMs)} each</span>
    </p>
  );
}

/** What is known of at least one of the periods; what is unusual first, else in the order of the figures. */
function rowsOf({ results }: HistoryCompareAnswer): readonly Row[] {
  const rows = results.flatMap(({ selector, unit, lines }) =>
    lines
      .filter(({ a, b }) => a !== null || b !== null)
      .map((line): Row => {
        const id = `${figureText(selector)} ${JSON.stringify(line.labels)}`;
        const label =
          Object.keys(line.labels).length === 0 ? figureTitle(selector) : lineTitle(selector, line.labels, false);
        return { id, selector, label, unit, line };
      }),
  );
  return [...rows.filter(isOutside), ...rows.filter((row) => !isOutside(row))];
}

function isOutside({ line }: Row): boolean {
  return line.usual.state === "outside";
}

/** What is said when an answer is of a little more than was asked for: periods are of whole intervals. */
export function roundedText(
  told: Pick<HistoryCompareAnswer, "fromAt" | "toAt" | "resolutionMs">,
  period: { readonly fromAt: number; readonly toAt: number },
): string {
  if (told.fromAt === period.fromAt && told.toAt === period.toAt) return "";
  return `, both widened to whole intervals of ${span(told.resolutionMs)}`;
}

/** How many are unusual; what could not be judged is not called usual. */
export function verdict(rows: readonly { readonly line: Pick<HistoryCompareLine, "usual"> }[]): string {
  const states = rows.map(({ line }) => line.usual.state);
  const outside = states.filter((state) => state === "outside").length;
  const unjudged = states.filter((state) => state === "not-enough-history" || state === "no-data").length;
  if (unjudged === rows.length) return "too little history to say what is usual";
  const said = outside === 0 ? "nothing outside the usual" : `${outside} outside the usual, listed first`;
  return unjudged === 0 ? said : `${said} · ${unjudged} not judged, for want of data`;
}

interface DifferencesProps {
  readonly rows: readonly Row[];
  /** How many figures were asked for. */
  readonly asked: number;
  readonly pending: boolean;
  readonly shown: string | null;
  readonly onShow: (id: string) => void;
  /** How the periods were rounded, if they were. */
  readonly rounded: string;
}

function Differences({ rows, asked, pending, shown, onShow, rounded }: DifferencesProps): VNode {
  const title = "What differs";
  const absent = asked - new Set(rows.map(({ selector }) => figureText(selector))).size;
  return (
    <section class="card compare-card" aria-labelledby="what-differs" data-pending={pending ? "" : undefined}>
      <div class="card-head">
        <h2 id="what-differs">{title}</h2>
        <span class="card-note">
          {verdict(rows)}
          {absent === 0 ? "" : ` · ${absent} ${absent === 1 ? "figure" : "figures"} without data`}
        </span>
        <div class="card-aside">
          <ChartMenu title={title} table={() => tableOf(title, rows)} />
        </div>
        <p class="card-caption">
          A minus B{rounded}. Usual is judged by the modified z-score of the difference among the same difference at up
          to {MAX_USUAL_SAMPLES} periods before A; outside is beyond ±{UNUSUAL_Z} (Iglewicz and Hoaglin).
        </p>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          icon="history"
          title="Nothing recorded in either period"
          why="The hub or the processes were not running then, or these times are no longer kept. Choose other periods."
        />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="table-scroll" aria-label="Differences between A and B" tabIndex={0}>
          <table class="rows compare-rows">
            <thead>
              <tr>
                <th scope="col">Figure</th>
                <th scope="col" class="num">
                  A
                </th>
                <th scope="col" class="num wide-cell">
                  B
                </th>
                <th scope="col" class="num wide-cell">
                  A − B
                </th>
                <th scope="col" class="num">
                  Change
                </th>
                <th scope="col">Usual?</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Difference key={row.id} row={row} shown={row.id === shown} onShow={onShow} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

interface DifferenceProps {
  readonly row: Row;
  readonly shown: boolean;
  readonly onShow: (id: string) => void;
}

function Difference({ row: { id, label, unit, line }, shown, onShow }: DifferenceProps): VNode {
  const format = formatOf(unit);
  const gaps = Math.min(line.coverageA, line.coverageB) < 0.9;
  return (
    <tr aria-current={shown ? "true" : undefined}>
      <th scope="row">
        <button type="button" class="link" onClick={() => onShow(id)}>
          {label}
        </button>
        {gaps ? (
          <span class="fine">
            {" "}
            data for {join(share(line.coverageA))} of A, {join(share(line.coverageB))} of B
          </span>
        ) : null}
      </th>
      <td class="num">{join(format(line.a))}</td>
      <td class="num wide-cell">{join(format(line.b))}</td>
      <td class="num wide-cell">{line.delta === null ? "–" : signed(format, line.delta)}</td>
      <td class="num">{percentText(line)}</td>
      <td>
        <Usual line={line} />
      </td>
    </tr>
  );
}

function percentText({ percent, a, b }: HistoryCompareLine): string {
  if (percent === null) return b === 0 && a !== null && a !== 0 ? "from none" : "–";
  const size = Math.abs(percent);
  const text = size >= 1000 ? `×${(1 + percent / 100).toFixed(0)}` : `${size.toFixed(size < 10 ? 1 : 0)} %`;
  return size >= 1000 || percent === 0 ? text : `${percent > 0 ? "+" : "−"}${text}`;
}

function Usual({ line: { usual } }: { readonly line: HistoryCompareLine }): VNode {
  const { state, z, samples } = usual;
  const why = `${samples} earlier differences${z === null ? "" : `, z ${minus(z.toFixed(1))}`}`;
  if (state === "outside")
    return (
      <span class="chip" data-tone="warn" title={why}>
        <Icon name="warn" />
        <span>
          outside<span class="medium-only"> · {z === null ? "never so before" : `z ${minus(z.toFixed(1))}`}</span>
        </span>
      </span>
    );
  if (state === "inside")
    return (
      <span class="fine" title={why}>
        usual
      </span>
    );
  return (
    <span class="fine" title={why}>
      {state === "no-data" ? "no data" : `too little history (${samples})`}
    </span>
  );
}

/** Written with a minus sign, as figures are. */
function minus(text: string): string {
  return text.replace("-", "−");
}

function tableOf(title: string, rows: readonly Row[]): ChartTable {
  return {
    title,
    rowHead: "Figure",
    columns: ["Unit", "A", "B", "A − B", "Change", "Usual", "z", "Earlier differences"],
    units: [null, null, null, null, "%", null, null, null],
    rows: rows.map(({ label, unit, line }) => {
      const format = formatOf(unit);
      const { a, b, delta, percent, usual } = line;
      const { state, z, samples } = usual;
      const z1 = z === null ? null : Math.round(z * 100) / 100;
      return {
        at: 0,
        label,
        values: [unitWord(unit), a, b, delta, percent, state, z1, samples],
        texts: [
          unitWord(unit),
          join(format(a)),
          join(format(b)),
          delta === null ? "–" : signed(format, delta),
          percentText(line),
          state.replaceAll("-", " "),
          z1 === null ? "–" : String(z1),
          String(samples),
        ],
      };
    }),
  };
}
