import type { LoadLatency, LoadTarget } from "./load.ts";

/** What an echo test came to: messages sent one after another over one connection. */
export interface EchoResult {
  readonly target: LoadTarget;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Characters of padding in each message. */
  readonly size: number;
  /** How answers were recognised. */
  readonly reply: "echo" | "ack" | "any";
  readonly connectMs: number;
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Round trips, ms. */
  readonly latency: LoadLatency | null;
  /** Mean difference between neighbours, ms (as RTP reckons jitter, without its smoothing). */
  readonly jitterMs: number | null;
  /** Every message was answered. */
  readonly passed: boolean;
}

/** One step of a server test. */
export interface ServerTestStep {
  readonly name: "reach" | "upgrade" | "auth" | "origin" | "protocol" | "ping" | "echo" | "payload" | "close";
  /** `skipped`: does not apply, or a step before it failed. */
  readonly state: "ok" | "warning" | "failed" | "skipped";
  readonly tookMs: number | null;
  readonly detail: string;
  /** What to do; `null` when there is nothing to. */
  readonly fix: string | null;
}

/** What a server test came to. */
export interface ServerTestResult {
  readonly target: LoadTarget;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly steps: readonly ServerTestStep[];
  /** No step failed. */
  readonly passed: boolean;
}

/** What a test of the connection pool came to: how connections spread over workers. */
export interface PoolTestResult {
  readonly target: LoadTarget;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly connections: number;
  readonly opened: number;
  readonly failures: readonly { readonly reason: string; readonly count: number }[];
  /** How the worker was known; `null` when nobody said. */
  readonly knownBy: string | null;
  /** The most loaded first. */
  readonly workers: readonly { readonly worker: string; readonly connections: number }[];
  /** Connections whose worker is not known. */
  readonly unknown: number;
  /** Fair share ÷ the share of the busiest worker: 1 is even; `null` with fewer than two workers. */
  readonly balance: number | null;
  /** More than 95 % opened, and no worker has more than twice its fair share. */
  readonly passed: boolean;
}
