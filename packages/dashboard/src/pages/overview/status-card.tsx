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
import { join, share, span } from "../../format/quantity.ts";
import type { SeriesRing } from "../../state/index.ts";
import { nodesInView } from "../reporting.ts";
import { describeFindings, judge, LAG_CRIT_S, LAG_WARN_S, type Verdict } from "./judge.ts";
import { SERIES } from "./selectors.ts";

const ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", warn: "warn", crit: "alert", quiet: "waiting" };
const BEATS = 60;
const MOST_REASONS = 2;

/** What is watched and how it stands, in a sentence. */
export function StatusCard(): VNode {
  const { live } = useApp();
  const nodes = live.table("nodes").value;
  const verdict = judge({
    connection: live.status.value.state,
    nodes,
    hub: live.table("hub").value,
    components: live.table("components").value,
    now: live.now.value,
  });
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
      <Beat />
    </section>
  );
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
      {live.past.value === null ? "" : "now · "}
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

/** Fifteen minutes of event-loop lag as a strip: height and colour say in range, slow, stalled, or unknown. */
function Beat(): VNode {
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [inRange, setInRange] = useState<number | null>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new WindowReader(1);
    const ring = app.live.series(SERIES.loopLag, "now");
    return app.painter.add(element, () => setInRange(drawBeat(app, element, reader, ring)));
  }, [app]);
  return (
    <div class="beat">
      <canvas ref={canvas} />
      <p>
        <span>15 min ago</span>
        <span>event loop in range {join(share(inRange))} of the time</span>
        <span>now</span>
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
  const toAt = Math.ceil(app.live.now.peek() / beatMs) * beatMs;
  const row = reader.read([ring], toAt - 1000, LIVE_HISTORY_MS - 1000).rows[0] ?? [];
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
  for (let i = Math.floor(beat * per); i < Math.floor((beat + 1) * per); i++) {
    const value = row[i] ?? null;
    if (value !== null && (worst === null || value > worst)) worst = value;
  }
  return worst;
}
