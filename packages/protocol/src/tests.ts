import type { ErrorCode } from "./errors.ts";
import type { LoadLibrary, LoadProgress, LoadResult } from "./load.ts";
import type { EchoResult, PoolTestResult, ServerTestResult, ServerTestStep } from "./target-tests.ts";

/** What can be tested. */
export const TEST_KINDS = ["server", "pool", "echo", "load"] as const;
export type TestKind = (typeof TEST_KINDS)[number];

/**
 * `running` · `passed` and `failed`: what the result says · `cancelled`: ended
 * by hand, its result is of what was run · `error`: it could not be run, `error` says why.
 */
export const TEST_STATES = ["running", "passed", "failed", "cancelled", "error"] as const;
export type TestState = (typeof TEST_STATES)[number];

/** Files that can be made of a test. All but `json` are of load tests alone. */
export const TEST_REPORTS = ["json", "html", "junit", "hgrm"] as const;
export type TestReportFormat = (typeof TEST_REPORTS)[number];

/** Tests that a hub holds. */
export const MAX_TESTS = 50;
/** Connections from which on a load test is heavy. */
export const HEAVY_CONNECTIONS = 500;
/** Messages a second from which on a load test is heavy. */
export const HEAVY_MESSAGE_RATE = 2000;

/** One test, in short. */
export interface TestSummary {
  readonly id: string;
  readonly kind: TestKind;
  /** Who started it. */
  readonly by: string;
  /** Address of the server under test, without its query. */
  readonly target: string;
  readonly library: LoadLibrary;
  /** Of load tests; `null` for others. */
  readonly profile: string | null;
  readonly state: TestState;
  /** ms epoch. */
  readonly startedAt: number;
  /** ms epoch; `null` while it runs. */
  readonly endedAt: number | null;
  /** 95 % of answers came within, ms: of load and echo tests with a result. */
  readonly p95Ms?: number | null;
}

/** Why a test could not be run. */
export interface TestError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** How an echo test goes. */
export interface EchoProgress {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Round trip of the newest, ms; `null` when it was lost, or there is none. */
  readonly lastMs: number | null;
}

/** How a server test goes: the steps that are done. */
export interface ServerTestProgress {
  readonly steps: readonly ServerTestStep[];
}

interface TestOf<K extends TestKind, P, R> extends TestSummary {
  readonly kind: K;
  /** How it goes, or went; `null` before the first word of it. */
  readonly progress: P | null;
  /** `null` while it runs, and when it could not be run. Headers and the payload of the handshake are left out. */
  readonly result: R | null;
  readonly error: TestError | null;
}

/** One test in full. */
export type TestRecord =
  | TestOf<"load", LoadProgress, LoadResult>
  | TestOf<"echo", EchoProgress, EchoResult>
  | TestOf<"server", ServerTestProgress, ServerTestResult>
  | TestOf<"pool", never, PoolTestResult>;

/** A server that a process of this machine told of: it can be tested without being named in a setting. */
export interface TestTarget {
  /** `ws:`, `wss:`, `http:` or `https:` address on loopback. */
  readonly url: string;
  readonly library: LoadLibrary;
  /** The processes that listen there, as `service/instance`. */
  readonly nodes: readonly string[];
}

/** What `GET /api/tests` says. */
export interface TestList {
  /** Newest first, {@link MAX_TESTS} at most. */
  readonly tests: readonly TestSummary[];
  /** The one that runs; `null` when none does. */
  readonly running: string | null;
  /** Own servers; a test that names no address goes to the first. */
  readonly targets: readonly TestTarget[];
  readonly allowed: {
    /** False when this hub was started without what tests need: none can be run. */
    readonly tests: boolean;
    /** Some hosts beside the own targets may be tested: `hosts`. */
    readonly anyTarget: boolean;
    readonly hosts: readonly string[];
    /** Heavy load may be put on own targets: see {@link HEAVY_CONNECTIONS}. Hosts that are named take it always. */
    readonly heavy: boolean;
  };
}
