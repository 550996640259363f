import type { LoadResult, TestRecord } from "@wsight/protocol";
import type { VNode } from "preact";
import { Bar } from "../../components/bar.tsx";
import { Icon } from "../../components/icon.tsx";
import { Notice } from "../../components/notice.tsx";
import { bytes, join } from "../../format/quantity.ts";
import { Curves } from "./curves.tsx";
import { percentileName, percentilePlaces, valuesAt } from "./distribution.ts";
import { Facts, Part, Workers } from "./parts.tsx";
import { FIGURE_NAMES, figure, limit, ms, number, ratio } from "./words.ts";

/** Labelled percentiles, as places. */
const PERCENTILES: readonly number[] = [0.30103, 1, 2, 3, 4];

/** What a load test came to: verdict, latency, course, both sides, workers. */
export function LoadOutcome({
  result,
}: {
  readonly result: NonNullable<Extract<TestRecord, { kind: "load" }>["result"]>;
}): VNode {
  const { tool, warnings } = result;
  return (
    <>
      {tool.valid ? null : (
        <Notice tone="crit">
          <b>This run is not valid.</b> {tool.invalidReason} Its figures say more about the tool than about the server.
        </Notice>
      )}
      {warnings.map((text) => (
        <Notice key={text} tone="warn">
          {text}
        </Notice>
      ))}
      <div class="outcome">
        <Verdict result={result} />
        <Figures result={result} />
        <Distribution result={result} />
        <Course result={result} />
        <BothSides result={result} />
        {result.workers.length === 0 ? null : (
          <Part title="Workers">
            <Workers workers={result.workers} unknown={0} />
          </Part>
        )}
        <Failures result={result} />
      </div>
    </>
  );
}

function Verdict({ result: { verdict } }: { readonly result: LoadResult }): VNode {
  return (
    <Part title="Verdict">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Gate</th>
            <th scope="col" class="num">
              Value
            </th>
            <th scope="col" class="num">
              Limit
            </th>
            <th scope="col">
              <span class="sr-only">Outcome</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {verdict.map(({ gate, value, passed }) => (
            <tr key={`${gate.figure}${gate.comparison}`}>
              <th scope="row">{FIGURE_NAMES[gate.figure]}</th>
              <td class="num">
                <b>{figure(gate.figure, value)}</b>
              </td>
              <td class="num">{limit(gate)}</td>
              <td class="gate" data-tone={passed ? "ok" : "crit"}>
                <Icon name={passed ? "ok" : "alert"} />
                <span class="wide-text">{passed ? "met" : "missed"}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function Figures({ result: { connections, messages, tool, timeline, plan } }: { readonly result: LoadResult }): VNode {
  const rate = timeline.reduce((most, { sent }) => Math.max(most, sent), 0);
  return (
    <Part title="Figures">
      <Facts
        facts={[
          ["Connections opened", `${number(connections.opened)} of ${number(connections.wanted)}`],
          ["Failed, dropped", `${number(connections.failed)}, ${number(connections.dropped)}`],
          ["Time to connect p50, p95", `${ms(connections.connect?.p50)}, ${ms(connections.connect?.p95)}`],
          ["Messages sent, at most", `${number(messages.sent)}, ${number(rate)}/s`],
          ["Answered, lost", `${number(messages.answered)}, ${number(messages.lost)}`],
          ["Bytes out, in", `${join(bytes(messages.bytesOut))}, ${join(bytes(messages.bytesIn))}`],
          ["Answers known by", plan.message.reply],
          [
            "Tool",
            `${tool.processes} ${tool.processes === 1 ? "process" : "processes"}, busiest at ${ratio(tool.cpu)} of a core, lag p99 ${ms(tool.sendLag?.p99)}`,
          ],
        ]}
      />
    </Part>
  );
}

function Distribution({ result: { messages } }: { readonly result: LoadResult }): VNode | null {
  const { latency, service } = messages;
  if (latency === null) return null;
  const places = percentilePlaces(latency.count);
  return (
    <Curves
      title="Latency by percentile"
      caption="From the moment a message was meant to leave, and, dashed, from when it left. Far apart: the server was slow enough to hold the queue up."
      places={places}
      x={{ label: "Percentile", format: percentileName, ticks: PERCENTILES }}
      format={ms}
      curves={[
        { label: "Latency", color: "p95", values: valuesAt(latency, places) },
        ...(service === null
          ? []
          : [{ label: "Service time", color: "c2" as const, values: valuesAt(service, places), dashed: true }]),
      ]}
    />
  );
}

function Course({ result: { timeline, server } }: { readonly result: LoadResult }): VNode | null {
  if (timeline.length < 2) return null;
  const places = timeline.map(({ second }) => second);
  const every = Math.max(1, Math.ceil(places.length / 8));
  const x = {
    label: "Second",
    format: (second: number) => `${second} s`,
    ticks: places.filter((_second, index) => index % every === 0),
  };
  const column = (read: (row: LoadResult["timeline"][number]) => number | null) => timeline.map(read);
  const measured = timeline.some(({ p50 }) => p50 !== null);
  return (
    <>
      {measured ? (
        <Curves
          title="Latency over the run"
          caption="Each second, from the moment messages were meant to leave."
          places={places}
          x={x}
          format={ms}
          marks={server?.stalls ?? []}
          markLabel="event loop stood still"
          curves={[
            { label: "p50", color: "p50", values: column(({ p50 }) => p50) },
            { label: "p95", color: "p95", values: column(({ p95 }) => p95) },
            { label: "Longest", color: "p99", values: column(({ max }) => max), dashed: true },
          ]}
        />
      ) : null}
      <Curves
        title="Connections and messages"
        caption="Open connections, and messages of each second."
        places={places}
        x={x}
        format={number}
        curves={[
          { label: "Connected", color: "c1", values: column(({ connected }) => connected) },
          { label: "Sent", color: "c2", values: column(({ sent }) => sent) },
          { label: "Answered", color: "c4", values: column(({ answered }) => answered), dashed: true },
          { label: "Lost", color: "c6", values: column(({ lost }) => lost) },
        ]}
      />
    </>
  );
}

/** Where the time of an average message went, in the order in which it passes. */
const SPLIT = [
  ["clientLag", "This tool", "c1"],
  ["rest", "Network, kernel and the rest", "other"],
  ["loopDelay", "Event loop", "c6"],
  ["handler", "Handler", "c4"],
] as const;

function BothSides({ result: { server } }: { readonly result: LoadResult }): VNode {
  if (server === null)
    return (
      <Part title="Both sides">
        <p class="fine">
          The server did not tell of itself. When it runs wsight beside this hub, the split of its time stands here.
        </p>
      </Part>
    );
  const { split, stalls } = server;
  const whole = split === null ? 0 : SPLIT.reduce((sum, [key]) => sum + split[key], 0);
  return (
    <Part title="Both sides" note={server.node}>
      {split === null ? null : (
        <>
          <p class="fine">Where the {ms(whole)} of an average message went</p>
          <div class="split-bar sides" aria-hidden="true">
            {SPLIT.map(([key, , color]) => (
              <i key={key} style={{ width: `${(split[key] / whole) * 100}%`, background: `var(--${color})` }} />
            ))}
          </div>
          <dl class="sides-key">
            {SPLIT.map(([key, label, color]) => (
              <div key={key}>
                <dt>
                  <i style={{ background: `var(--${color})` }} />
                  {label}
                </dt>
                <dd>{ms(split[key])}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <Facts
        facts={[
          ["Event loop delay p99, slowest node", ms(server.loopLagP99)],
          ["Handlers p95", ms(server.handlerP95)],
          ["CPU of the busiest node", server.cpu === null ? "–" : `${ratio(server.cpu)} of a core`],
          ["Stood still", stalls.length === 0 ? "never" : `in second ${stalls.join(", ")}`],
        ]}
      />
      {server.nodes.length < 2 ? null : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" class="num">
                Connections
              </th>
              <th scope="col" class="num">
                CPU
              </th>
              <th scope="col" class="num">
                Loop p99
              </th>
            </tr>
          </thead>
          <tbody>
            {server.nodes.map(({ node, connections, cpu, loopLagP99 }) => (
              <tr key={node}>
                <th scope="row" class="name">
                  <span class="truncate">{node}</span>
                </th>
                <td class="num">{number(connections)}</td>
                <td class="num">{ratio(cpu)}</td>
                <td class="num">{ms(loopLagP99)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Part>
  );
}

function Failures({ result: { connections } }: { readonly result: LoadResult }): VNode | null {
  const most = connections.failures[0]?.count ?? 0;
  if (most === 0) return null;
  return (
    <Part title="Why connections failed">
      <ul class="tally">
        {connections.failures.slice(0, 8).map(({ reason, count }) => (
          <li key={reason}>
            <span class="truncate" title={reason}>
              {reason}
            </span>
            <b>{number(count)}</b>
            <Bar share={count / most} tone="crit" />
          </li>
        ))}
      </ul>
    </Part>
  );
}
