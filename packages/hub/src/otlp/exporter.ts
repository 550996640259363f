import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { WsightError } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";
import type { OnHubError } from "../errors.ts";
import { metricsRequests } from "./metrics-request.ts";
import type { OtlpTarget } from "./otlp-options.ts";
import { createPoster, type Posted, type Poster } from "./post.ts";

const compress = promisify(gzip);

/** Longest that a receiver may take for one answer, ms. */
const TIMEOUT_MS = 10_000;
/** The first wait after a failure; each further one may be twice as long. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** What is left is sent at the end, for at most this long, ms. */
const GOODBYE_MS = 1_000;
const DEFAULT_QUEUE_BYTES = 8 * 1024 * 1024;

/** What an exporter works with. */
export interface OtlpExporterParts {
  readonly target: OtlpTarget;
  readonly current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">;
  readonly onError: OnHubError;
  /** Between 0 and 1, for waits that differ between hubs. @default Math.random */
  readonly random?: () => number;
  /** Most bytes, compressed, that wait for a receiver; the oldest give way. @default 8 MiB */
  readonly queueBytes?: number;
}

/** How sending fares. */
export interface OtlpStats {
  /** Points that were taken. */
  readonly sent: number;
  /** Points that a receiver did not want. */
  readonly rejected: number;
  /** Points that found no place while a receiver was away. */
  readonly dropped: number;
  /** Points that wait. */
  readonly waiting: number;
  /** Why the newest attempt failed; `null` after one that went well. */
  readonly lastError: string | null;
}

/** Sends figures to an OTLP receiver. */
export interface OtlpExporter {
  /** Call it each second with its start, ms epoch; sends when an interval is over. Never waits, never throws. */
  observe(at: number): void;
  stats(): OtlpStats;
  /** Sends the newest figures once more, for a second at most, and ends. Safe to call twice. */
  close(): Promise<void>;
}

interface Waiting {
  readonly body: Uint8Array;
  readonly points: number;
}

/**
 * Sends everything the hub knows to an OTLP receiver over HTTP.
 *
 * Figures are put into requests when an interval ends, and wait in a queue
 * that is bounded in bytes. One request is under way at a time. A receiver
 * that is away, slow or asks for patience gets the same request again, after a
 * wait that doubles; one that refuses a request gets the next. Values are
 * cumulative, so what is dropped costs resolution, never a wrong total.
 */
export function createOtlpExporter(parts: OtlpExporterParts): OtlpExporter {
  const { target, current, onError, random = Math.random, queueBytes = DEFAULT_QUEUE_BYTES } = parts;
  const poster: Poster = createPoster(target.url, target.headers);
  const ended = new AbortController();
  const queue: Waiting[] = [];
  let bytes = 0;
  let interval: number | null = null;
  let collecting: Promise<void> | null = null;
  let sending: Promise<void> | null = null;
  let failures = 0;
  const counts = { sent: 0, rejected: 0, dropped: 0 };
  let lastError: string | null = null;

  async function collect(): Promise<void> {
    for await (const { body, points } of metricsRequests(current)) {
      const packed = await compress(body, { level: 3 });
      queue.push({ body: packed, points });
      bytes += packed.length;
      while (bytes > queueBytes && queue.length > 1) counts.dropped += take()?.points ?? 0;
    }
  }

  function take(): Waiting | undefined {
    const first = queue.shift();
    bytes -= first?.body.length ?? 0;
    return first;
  }

  /** Sends what waits, oldest first, until nothing does. */
  async function send(): Promise<void> {
    while (queue.length > 0 && !ended.signal.aborted) {
      const [first] = queue;
      if (first === undefined) return;
      const posted = await poster.post(first.body, TIMEOUT_MS);
      if (posted.type === "later") await pause(fail(posted));
      else settle(first, posted);
    }
    sending = null;
  }

  function settle(request: Waiting, posted: Exclude<Posted, { type: "later" }>): void {
    // It may have had to give way in the meantime.
    if (queue[0] === request) take();
    else counts.dropped -= request.points;
    failures = 0;
    const rejected = posted.type === "refused" ? request.points : Math.min(posted.rejected, request.points);
    counts.rejected += rejected;
    counts.sent += request.points - rejected;
    lastError = posted.type === "refused" || rejected > 0 ? posted.reason || "no reason given" : null;
    if (lastError !== null) report(`${rejected} points were refused: ${lastError}`);
  }

  /** @returns how long to wait, ms */
  function fail({ reason, waitMs }: Extract<Posted, { type: "later" }>): number {
    lastError = reason;
    failures++;
    const waiting = queue.length === 1 ? "1 request waits" : `${queue.length} requests wait`;
    report(`${reason}; ${waiting}, ${counts.dropped} points were dropped so far`);
    const limit = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
    return waitMs ?? limit * (0.5 + 0.5 * random());
  }

  function report(message: string): void {
    if (ended.signal.aborted) return;
    const { origin, pathname } = target.url;
    onError(new WsightError("STORE_UNAVAILABLE", `${origin}${pathname}: ${message}`), { stage: "otlp" });
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      timer.unref();
      ended.signal.addEventListener("abort", done, { once: true });
      function done(): void {
        clearTimeout(timer);
        ended.signal.removeEventListener("abort", done);
        resolve();
      }
    });
  }

  /** Collects, and sees to it that somebody sends. */
  async function run(): Promise<void> {
    try {
      await collect();
    } catch (error) {
      onError(error, { stage: "otlp" });
    }
    collecting = null;
    if (queue.length > 0) sending ??= send();
  }

  let closing: Promise<void> | null = null;

  async function goodbye(): Promise<void> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), GOODBYE_MS);
    await collecting;
    if (failures === 0) {
      const all = run().then(() => sending);
      const late = new Promise((resolve) => over.signal.addEventListener("abort", resolve, { once: true }));
      await Promise.race([all, late]);
    }
    clearTimeout(timer);
    ended.abort();
    poster.close();
    await sending;
  }

  return {
    observe(at) {
      const now = Math.floor(at / target.intervalMs);
      const isDue = interval !== null && now !== interval;
      interval = now;
      // The one before takes longer than an interval: this one is left out, values are cumulative.
      if (isDue && collecting === null && closing === null) collecting = run();
    },
    stats: () => ({
      ...counts,
      waiting: queue.reduce((sum, { points }) => sum + points, 0),
      lastError,
    }),
    close() {
      closing ??= goodbye();
      return closing;
    },
  };
}
