import type { LoadProgress } from "@wsight/protocol";
import { formatCount, formatMs } from "./format.ts";
import { createPaint, type TextStream } from "./paint.ts";

const BAR = 24;
const SPARKS = "▁▂▃▄▅▆▇█";
/** Points of the sparkline. */
const POINTS = 40;
/** Without a terminal, a line each so many ms. */
const PLAIN_MS = 5000;
const PHASES = { preflight: "looking", connecting: "connecting", running: "running", closing: "closing" } as const;

/** Shows how a run goes: two lines that change on a terminal, else a line each five seconds. */
export interface LiveView {
  update(progress: LoadProgress): void;
  /** Leaves the place to what follows. */
  end(): void;
}

/** Makes the view for a stream. */
export function createLiveView(
  stream: TextStream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LiveView {
  return stream.isTTY === true && environment.TERM !== "dumb" ? terminalView(stream, environment) : plainView(stream);
}

function plainView(stream: TextStream): LiveView {
  let next = PLAIN_MS;
  return {
    update(progress) {
      if (progress.elapsedMs < next) return;
      next = (Math.floor(progress.elapsedMs / PLAIN_MS) + 1) * PLAIN_MS;
      stream.write(`${(progress.elapsedMs / 1000).toFixed(0).padStart(4)} s  ${describeProgress(progress)}\n`);
    },
    end: () => undefined,
  };
}

function terminalView(stream: TextStream, environment: Readonly<Record<string, string | undefined>>): LiveView {
  const paint = createPaint(stream, environment);
  const p95s: (number | null)[] = [];
  let shown = false;
  const clear = (): void => {
    if (shown) stream.write("\u001b[2A\u001b[J");
    shown = false;
  };
  return {
    update(progress) {
      p95s.push(progress.p95Ms);
      if (p95s.length > POINTS) p95s.shift();
      clear();
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const first = `${bar(progress.done)} ${(progress.done * 100).toFixed(0).padStart(3)} %  ${PHASES[progress.phase].padEnd(10)} ${(progress.elapsedMs / 1000).toFixed(0)} s`;
      const second = `${describeProgress(progress)}  ${sparkline(p95s)}`;
      stream.write(
        `${first.slice(0, width)}\n${paint(progress.failed + progress.lost > 0 ? "warning" : "dim", second.slice(0, width))}\n`,
      );
      shown = true;
    },
    end: clear,
  };
}

/** A run's progress in a line. */
function describeProgress({ connected, failed, dropped, messageRate, lost, p50Ms, p95Ms }: LoadProgress): string {
  const wrong = [
    failed > 0 ? `${formatCount(failed)} failed` : null,
    dropped > 0 ? `${formatCount(dropped)} dropped` : null,
    lost > 0 ? `${formatCount(lost)} lost` : null,
  ].filter((text) => text !== null);
  const latency = p50Ms === null || p95Ms === null ? "" : `, p50 ${formatMs(p50Ms)}, p95 ${formatMs(p95Ms)}`;
  return `${formatCount(connected)} connected${wrong.map((text) => `, ${text}`).join("")}, ${formatCount(messageRate)} messages/s${latency}`;
}

function bar(done: number): string {
  const full = Math.round(Math.min(1, done) * BAR);
  return `${"█".repeat(full)}${"░".repeat(BAR - full)}`;
}

/** Values as a line of blocks, the highest on top; a gap where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const top = Math.max(...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? " " : (SPARKS[Math.min(7, Math.floor((value / (top || 1)) * 7.999))] ?? " ")))
    .join("");
}
