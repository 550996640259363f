import { type EchoResult, Histogram, type LoadReply, type LoadTarget, WsightError } from "@wsight/protocol";
import type { DriverPlan } from "../drivers/driver.ts";
import { DRIVERS } from "../drivers/drivers.ts";
import { explainRefusal, firstConnection } from "../preflight/first-connection.ts";
import { admitTarget } from "../preflight/preflight.ts";
import { latencyOf } from "../run/latency.ts";
import { machineNow } from "../run/machine-clock.ts";
import { wireTargetOf } from "../target.ts";

/** What an echo test is asked for. */
export interface EchoOptions {
  readonly target: LoadTarget;
  /** Messages. @default 20 */
  readonly count?: number;
  /** Characters of padding in each. @default 64 */
  readonly size?: number;
  /** ms between an answer and the next message. @default 50 */
  readonly pauseMs?: number;
  /** After how many ms an answer is lost. @default 5000 */
  readonly timeoutMs?: number;
  /** Event of Socket.IO. @default "message" */
  readonly event?: string;
  /** Template of a message. @default a JSON object */
  readonly message?: string;
  /** @default "auto" */
  readonly reply?: LoadReply;
  /** Repeats the host of a target that is not this machine. @default null, which refuses those */
  readonly ownHost?: string | null;
  readonly signal?: AbortSignal;
  /** Hears of each message: how long its answer took, `null` when it was lost. */
  readonly onAnswer?: (number: number, ms: number | null) => void;
}

/**
 * Sends messages one after another over one connection and times their answers.
 * @throws WsightError `BAD_OPTION` or `TARGET_FAILED` when it cannot begin
 */
export async function runEcho(options: EchoOptions): Promise<EchoResult> {
  const { target, count = 20, size = 64, pauseMs = 50, timeoutMs = 5000, onAnswer } = options;
  const signal = options.signal ?? new AbortController().signal;
  const address = await admitTarget(target, options.ownHost ?? null);
  const startedAt = Date.now();
  const template = options.message ?? `{"type":"echo","n":{{n}},"pad":"{{pad:${size}}}"}`;
  const message = { template, event: options.event ?? "message", reply: options.reply ?? "auto", timeoutMs };
  const asked: DriverPlan = { target, fastMask: false, message };
  const { reply, because } = await firstConnection(asked, address);
  if (reply === "none") throw new WsightError("TARGET_FAILED", `${target.url}: expected answers, got none: ${because}`);
  const line = await openLine({ ...asked, message: { ...message, reply } }, address);
  const histogram = new Histogram();
  let [sent, lost, jitter, previous] = [0, 0, 0, null as number | null];
  try {
    while (sent < count && !signal.aborted && !line.ended()) {
      const ms = await line.roundTrip(sent++, timeoutMs);
      onAnswer?.(sent, ms);
      if (ms === null) lost++;
      else {
        if (previous !== null) jitter += Math.abs(ms - previous);
        previous = ms;
        histogram.record(ms);
      }
      if (sent < count) await pause(pauseMs);
    }
  } finally {
    line.close();
  }
  const answered = histogram.count;
  return {
    target,
    startedAt,
    endedAt: Date.now(),
    size,
    reply,
    connectMs: line.connectMs,
    sent,
    answered,
    lost,
    latency: latencyOf(histogram),
    jitterMs: answered > 1 ? jitter / (answered - 1) : null,
    passed: sent === count && lost === 0,
  };
}

interface Line {
  readonly connectMs: number;
  roundTrip(number: number, timeoutMs: number): Promise<number | null>;
  ended(): boolean;
  close(): void;
}

function openLine(plan: DriverPlan, address: string): Promise<Line> {
  const startedAt = performance.now();
  let answered: ((number: number) => void) | undefined;
  let ended: (() => void) | undefined;
  let over = false;
  return new Promise((resolve, reject) => {
    const driver = DRIVERS[plan.target.library](plan, wireTargetOf(plan.target, address));
    const connection = driver.connect(
      0,
      {
        ready: () =>
          resolve({
            connectMs: performance.now() - startedAt,
            ended: () => over,
            close: () => connection.close(),
            roundTrip: (number, timeoutMs) =>
              new Promise((done) => {
                const timer = setTimeout(() => done(null), timeoutMs);
                const sentAt = performance.now();
                answered = (which) => {
                  if (which !== number) return;
                  clearTimeout(timer);
                  done(performance.now() - sentAt);
                };
                ended = () => {
                  clearTimeout(timer);
                  done(null);
                };
                if (connection.send(number, machineNow()) === 0) ended();
              }),
          }),
        answered: (number) => answered?.(number),
        received: () => undefined,
        closed: (reason) => {
          over = true;
          ended?.();
          reject(new WsightError("TARGET_FAILED", explainRefusal(plan.target, reason)));
        },
      },
      undefined,
    );
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
