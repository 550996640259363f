import { LIVE_HISTORY_MS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { openSurface } from "../../charts/canvas.ts";
import { WindowReader } from "../../charts/window-data.ts";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import { serviceName } from "../../components/service-name.ts";
import { Snippet } from "../../components/snippet.tsx";
import type { Tone } from "../../components/tone.ts";
import { stepTime } from "../../format/clock.ts";
import { duration, join, share, span } from "../../format/quantity.ts";
import type { Past, SeriesRing } from "../../state/index.ts";
import { nodesInView } from "../reporting.ts";
import { describeFindings, judge, LAG_CRIT_S, LAG_WARN_S, type Verdict } from "./judge.ts";
import { SERIES } from "./selectors.ts";

const ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", warn: "warn", crit: "alert", quiet: "waiting" };
const TITLES_THEN: Readonly<Record<Tone, string>> = {
  ok: "Event loops were in range",
  warn: "Event loops were slow",
  crit: "Event loops stalled",
  quiet: "Event loops not known",
};
const BEATS = 60;
const MOST_REASONS = 2;

/** What is watched and how it stands, in a sentence. */
export function StatusCard(): VNode {
  const { live } = useApp();
  const nodes = live.table("nodes").value;
  const past = live.past.value;
  const verdict = judge({
    connection: live.status.value.state,
    nodes,
    hub: live.table("hub").value,
    components: live.table("components").value,
    now: live.now.value,
  });
  if (past !== null) return <StateThen past={past} now={verdict.title} />;
  return (
    <section class="card state" data-tone={verdict.tone} aria-label="State">
      <span class="state-tile">
        <Icon name={ICONS[verdict.tone]} />
      </span>
      <div class="state-text">
        <h2>{verdict.title}</h2>
        <Uptime />
        <Reasons verdict={verdict} />
        <FirstStep />
      </div>
      <Beat past={null} />
    </section>
  );
}

interface StateThenProps {
  readonly past: Past;
  /** How things stand now. */
  readonly now: string;
}

/** How the event loops were in the time looked at: of everything else there is no verdict but now's. */
function StateThen({ past, now }: StateThenProps): VNode {
  const { live } = useApp();
  const worst = peakOf(live.series(SERIES.loopLag).read(past.fromAt, past.toAt));
  const tone = worst === null ? "quiet" : worst >= LAG_CRIT_S ? "crit" : worst >= LAG_WARN_S ? "warn" : "ok";
  const { rows = [], leftOut = 0 } = past.table("connections", live.node.value) ?? {};
  const count = rows.length + leftOut;
  return (
    <section class="card state" data-tone={tone} aria-label="State">
      <span class="state-tile">
        <Icon name={ICONS[tone]} />
      </span>
      <div class="state-text">
        <h2>{TITLES_THEN[tone]}</h2>
        <span>{count === 0 ? "then" : `then · ${count} ${count === 1 ? "node" : "nodes"}`}</span>
        <p>
          {worst === null ? null : (
            <b>
              Event-loop lag p99 was at most {join(duration(worst))}, limit {join(duration(LAG_WARN_S))}.{" "}
            </b>
          )}
          Now: {now}.
        </p>
      </div>
      <Beat past={past} />
    </section>
  );
}

function peakOf({ value, length }: ReturnType<Past["read"]>): number | null {
  let peak: number | null = null;
  for (let i = 0; i < length; i++) if ((value[i] as number) > (peak ?? -1)) peak = value[i] as number;
  return peak;
}

/** What to do when there is nothing to watch. */
function FirstStep(): VNode | null {
  const { live } = useApp();
  const nodes = live.table("nodes").value;
  if (nodes === null || nodes.some(({ findings }) => findings.length > 0)) return null;
  return (
    <>
      <p>Attach wsight to your server; it shows up here within a second.</p>
      <Snippet text='import { monitor } from "wsight"; await monitor({ io, wss });' />
    </>
  );
}

function Uptime(): VNode | null {
  const { live } = useApp();
  const nodes = nodesInView(live);
  if (nodes.length === 0) return null;
  const oldest = Math.min(...nodes.map(({ startedAt }) => startedAt));
  const count = nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  return (
    <span>
      {count} · up {span(live.now.value - oldest)}
    </span>
  );
}

function Reasons({ verdict: { reasons } }: { readonly verdict: Verdict }): VNode | null {
  const { live } = useApp();
  const nodes = nodesInView(live);
  const [first, ...others] = reasons;
  const more = others.length - (MOST_REASONS - 1);
  const found = describeFindings(nodes);
  if (nodes.length === 0 && first === undefined) return null;
  return (
    <p>
      {first === undefined ? null : <b>{first} </b>}
      {others.slice(0, MOST_REASONS - 1).join(" ")} {more > 0 ? `And ${more} more. ` : ""}
      {nodes.length === 0 ? null : (
        <>
          Watching <b>{serviceName(nodes)}</b>: {found === "" ? "no WebSocket server found yet" : found}.
        </>
      )}
    </p>
  );
}

/** Event-loop lag as a strip, of fifteen minutes or of the past: height and colour say in range, slow, stalled, or unknown. */
function Beat({ past }: { readonly past: Past | null }): VNode {
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [inRange, setInRange] = useState<number | null>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new WindowReader(1);
    const ring = app.live.series(SERIES.loopLag);
    return app.painter.add(element, () => setInRange(drawBeat(app, element, reader, ring)));
  }, [app]);
  const end = (at: number) => stepTime(app.clock.value, at, (past?.toAt ?? 0) - (past?.fromAt ?? 0), past?.stepMs ?? 0);
  return (
    <div class="beat">
      <canvas ref={canvas} />
      <p>
        <span>{past === null ? "15 min ago" : end(past.fromAt)}</span>
        <span>event loop in range {join(share(inRange))} of the time</span>
        <span>{past === null ? "now" : end(past.toAt)}</span>
      </p>
    </div>
  );
}

/** Draws the strip and returns the share of known beats that are in range. */
function drawBeat(app: App, canvas: HTMLCanvasElement, reader: WindowReader, ring: SeriesRing): number | null {
  const surface = openSurface(canvas);
  if (surface === null) return null;
  const { ctx, width, height } = surface;
  const beatMs = LIVE_HISTORY_MS / BEATS;
  const past = app.live.past.peek();
  const stepMs = app.live.stepMs.peek();
  const toAt = past?.toAt ?? Math.ceil(app.live.now.peek() / beatMs) * beatMs;
  const spanMs = past === null ? LIVE_HISTORY_MS : past.toAt - past.fromAt;
  const row = reader.read([ring], toAt - stepMs, spanMs - stepMs, stepMs).rows[0] ?? [];
  const palette = app.palette.peek();
  const step = width / BEATS;
  let known = 0;
  let good = 0;
  for (let beat = 0; beat < BEATS; beat++) {
    const worst = worstOf(row, beat);
    const [color, tall] =
      worst === null
        ? [palette.hatch, 0.3]
        : worst >= LAG_CRIT_S
          ? [palette["crit-fill"], 1]
          : worst >= LAG_WARN_S
            ? [palette["warn-fill"], 0.82]
            : [palette["ok-fill"], 0.6];
    known += worst === null ? 0 : 1;
    good += worst !== null && worst < LAG_WARN_S ? 1 : 0;
    ctx.globalAlpha = worst !== null && worst < LAG_WARN_S ? 0.62 : 1;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.roundRect(beat * step + 1, height * (1 - tall), Math.max(1.5, step - 2.5), height * tall, 1);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
  return known === 0 ? null : good / known;
}

function worstOf(row: readonly (number | null)[], beat: number): number | null {
  const per = row.length / BEATS;
  let worst: number | null = null;
  const first = Math.floor(beat * per);
  for (let i = first; i < Math.max(first + 1, Math.floor((beat + 1) * per)); i++) {
    const value = row[i] ?? null;
    if (value !== null && (worst === null || value > worst)) worst = value;
  }
  return worst;
}
