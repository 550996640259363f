import type { LoadProgress } from "@wsight/protocol";
import type { VNode } from "preact";
import { Bar } from "../../components/bar.tsx";
import type { Followed } from "./use-tests.ts";
import { ms, number } from "./words.ts";

const PHASES: Readonly<Record<LoadProgress["phase"], string>> = {
  preflight: "Looking whether it can be run",
  connecting: "Opening connections",
  running: "Sending",
  closing: "Waiting for the last answers",
};

interface LoadCourseProps {
  readonly progress: LoadProgress;
  readonly course: readonly Followed[];
}

/** How a load test goes, once a second. */
export function LoadCourse({ progress, course }: LoadCourseProps): VNode {
  const { phase, done, elapsedMs, connected, failed, dropped, sent, answered, lost } = progress;
  const percent = Math.round(done * 100);
  return (
    <div class="part-pad">
      <div
        role="progressbar"
        aria-label="Done"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={`${percent} %, ${PHASES[phase]}`}
      >
        <Bar share={done} />
      </div>
      <p class="course-line">
        <span>{PHASES[phase]}</span>
        <span class="fine">
          {percent} % · {Math.round(elapsedMs / 1000)} s
        </span>
      </p>
      <dl class="tiles">
        <Tile name="Connected" value={number(connected)} note={`${number(failed)} failed, ${number(dropped)} dropped`}>
          <Spark values={course.map((point) => point.connected)} color="c1" />
        </Tile>
        <Tile name="Messages" value={`${number(progress.messageRate)}/s`} note={`${number(sent)} sent`}>
          <Spark values={course.map((point) => point.messageRate)} color="c2" />
        </Tile>
        <Tile name="Latency p95" value={ms(progress.p95Ms)} note={`p50 ${ms(progress.p50Ms)}`}>
          <Spark values={course.map((point) => point.p95Ms)} color="p95" />
        </Tile>
        <Tile name="Lost" value={number(lost)} note={`${number(answered)} answered`} />
        <Tile name="Lag of the tool p99" value={ms(progress.sendLagP99Ms)} note="of messages meant to leave" />
      </dl>
    </div>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly children?: VNode;
}

function Tile({ name, value, note, children }: TileProps): VNode {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <span class="fine">{note}</span>
        {children}
      </dd>
    </div>
  );
}

/** The course of one figure. Decoration: the figure above it says the value. */
function Spark({ values, color }: { readonly values: readonly (number | null)[]; readonly color: string }): VNode {
  const most = values.reduce<number>((high, value) => Math.max(high, value ?? 0), 0) || 1;
  const points = values.flatMap((value, index) =>
    value === null ? [] : [`${(index / Math.max(1, values.length - 1)) * 100},${28 - (value / most) * 26}`],
  );
  return (
    <svg class="tile-spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} style={{ stroke: `var(--${color})` }} />
    </svg>
  );
}
