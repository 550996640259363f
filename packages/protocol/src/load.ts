import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected } from "./parse.ts";

/** Profiles of the load tool, with the connections of those that say just that. */
export const LOAD_PROFILES = {
  light: 50,
  medium: 200,
  heavy: 500,
  extreme: 1000,
} as const;

/**
 * How load is shaped over time. `steady`: all connections, then messages ·
 * `ramp`: connections grow over the whole run · `soak`: long and even ·
 * `spike`: a third of the connections, all of them for the middle third,
 * a third again · `reconnect-storm`: all are cut at once and come back as fast
 * as they may · `broadcast-lag`: one connection sends, all listen, and what is
 * measured is how late each hears it.
 */
export const LOAD_SHAPES = ["steady", "ramp", "soak", "spike", "reconnect-storm", "broadcast-lag"] as const;
export type LoadShape = (typeof LOAD_SHAPES)[number];

/**
 * How an answer is recognised. `auto`: a first connection finds out · `echo`:
 * what was sent comes back as it was · `ack`: an acknowledgement of Socket.IO ·
 * `any`: the next message answers the oldest that waits · `none`: none awaited.
 */
export const LOAD_REPLIES = ["auto", "echo", "ack", "any", "none"] as const;
export type LoadReply = (typeof LOAD_REPLIES)[number];

/** What a gate may look at. Latencies are ms, `connected` and `messages` ratios 0–1, the rest counts or bytes. */
export const LOAD_FIGURES = [
  "connected",
  "messages",
  "avg",
  "p50",
  "p90",
  "p95",
  "p99",
  "p999",
  "max",
  "service-p95",
  "connect-p95",
  "send-lag-p99",
  "errors",
] as const;
export type LoadFigure = (typeof LOAD_FIGURES)[number];

/** A condition that a run must meet. */
export interface LoadGate {
  readonly figure: LoadFigure;
  readonly comparison: "<" | "<=" | ">" | ">=";
  readonly limit: number;
}

/** The gates of every run unless others are given. */
export const DEFAULT_GATES: readonly LoadGate[] = [
  { figure: "connected", comparison: ">", limit: 0.95 },
  { figure: "messages", comparison: ">", limit: 0.98 },
  { figure: "avg", comparison: "<", limit: 200 },
  { figure: "p95", comparison: "<", limit: 200 },
];

/** Libraries whose servers can be tested. */
export const LOAD_LIBRARIES = ["ws", "socket.io"] as const;
export type LoadLibrary = (typeof LOAD_LIBRARIES)[number];

/** The server under test and how to be let in. */
export interface LoadTarget {
  /** `ws:`, `wss:`, `http:` or `https:` address. Socket.IO: its path, when not `/`, is the one of Engine.IO. */
  readonly url: string;
  readonly library: LoadLibrary;
  /** Namespace of Socket.IO. */
  readonly namespace: string;
  /** Payload of the Socket.IO handshake; `null` for none. */
  readonly auth: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** Accepts certificates that nobody vouches for. */
  readonly insecure: boolean;
}

/** What is run against what: plain data, so that it can cross into other processes. */
export interface LoadPlan {
  /** Name of the profile it was made from. */
  readonly profile: string;
  readonly target: LoadTarget;
  readonly shape: LoadShape;
  readonly connections: number;
  /** Seconds between messages of one connection; `broadcast-lag`: between broadcasts. */
  readonly intervalSeconds: number;
  readonly durationSeconds: number;
  /** Seconds over which connections are opened. */
  readonly rampSeconds: number;
  readonly message: {
    /**
     * Text with `{{n}}`, `{{id}}`, `{{now}}`, `{{pad:BYTES}}`, and `{{mark}}`, by
     * which `broadcast-lag` knows its messages again. Socket.IO: the arguments of the event as JSON.
     */
    readonly template: string;
    /** Event of Socket.IO. */
    readonly event: string;
    readonly reply: LoadReply;
    /** An answer later than this is lost, ms. */
    readonly timeoutMs: number;
  };
  readonly gates: readonly LoadGate[];
  /** Processes that share the connections; `null`: as many as are needed. */
  readonly processes: number | null;
  /** Addresses of loopback to connect from. */
  readonly sources: number;
  /** Masks with zeros, which is legal and cheaper. */
  readonly fastMask: boolean;
}

/** How a run goes, four times a second. */
export interface LoadProgress {
  readonly phase: "preflight" | "connecting" | "running" | "closing";
  /** 0–1 of the whole run. */
  readonly done: number;
  readonly elapsedMs: number;
  readonly connected: number;
  readonly failed: number;
  readonly dropped: number;
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Messages sent, of the last second; so are the latencies. */
  readonly messageRate: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly sendLagP99Ms: number | null;
}

/** Figures of a distribution, ms. */
export interface LoadLatency {
  readonly count: number;
  readonly avg: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Cumulative distribution for charts and `.hgrm`: upper bound in ms and values up to it. */
  readonly buckets: readonly (readonly [ms: number, count: number])[];
}

/** One thing looked at before a run. */
export interface LoadCheck {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly text: string;
  /** What to do; `null` when there is nothing to. */
  readonly fix: string | null;
}

/** What a run came to. */
export interface LoadResult {
  readonly plan: LoadPlan;
  readonly startedAt: number;
  readonly endedAt: number;
  /** It was ended before its time: figures are of what was run. */
  readonly aborted: boolean;
  readonly checks: readonly LoadCheck[];
  readonly connections: {
    readonly wanted: number;
    readonly opened: number;
    readonly failed: number;
    /** Opened, and then ended by the server or on the way. */
    readonly dropped: number;
    /** From the moment a connection was meant to be opened. */
    readonly connect: LoadLatency | null;
    readonly failures: readonly { readonly reason: string; readonly count: number }[];
  };
  readonly messages: {
    readonly sent: number;
    readonly answered: number;
    readonly lost: number;
    readonly received: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    /**
     * From the moment a message was *meant* to be sent (corrected for
     * coordinated omission). A lost message counts with the time after which it was given up.
     */
    readonly latency: LoadLatency | null;
    /** From the moment it was sent. */
    readonly service: LoadLatency | null;
  };
  /** How late the tool itself was, and whether that spoils the run. */
  readonly tool: {
    readonly processes: number;
    /** Share of one core, of the busiest process. */
    readonly cpu: number;
    readonly sendLag: LoadLatency | null;
    readonly valid: boolean;
    readonly invalidReason: string | null;
  };
  /** Connections by worker, when the target says who answered (or runs wsight). */
  readonly workers: readonly { readonly worker: string; readonly connections: number }[];
  readonly verdict: readonly { readonly gate: LoadGate; readonly value: number | null; readonly passed: boolean }[];
  /** Every gate passed and the run is valid. */
  readonly passed: boolean;
  /** One row a second. */
  readonly timeline: readonly {
    readonly second: number;
    readonly connected: number;
    readonly sent: number;
    readonly answered: number;
    readonly lost: number;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly max: number | null;
  }[];
  /** What the target's own probe said meanwhile, when it runs wsight. */
  readonly server: LoadServerSide | null;
  readonly warnings: readonly string[];
}

/** The server's own view of a run: ms, over the run. */
export interface LoadServerSide {
  /** `service/instance`, or how many nodes it is about. */
  readonly node: string;
  readonly nodes: readonly {
    readonly node: string;
    /** Connections gained while the run was under way. */
    readonly connections: number | null;
    readonly cpu: number | null;
    readonly loopLagP99: number | null;
  }[];
  /** Of the slowest node. */
  readonly loopLagP99: number | null;
  readonly handlerP95: number | null;
  /** Share of one core, of the busiest node. */
  readonly cpu: number | null;
  /** Seconds of the run in which an event loop stood still for more than 100 ms. */
  readonly stalls: readonly number[];
  /** Where the time of an average message went; adds up to the average latency. `null` when it could not be told. */
  readonly split: {
    readonly clientLag: number;
    readonly loopDelay: number;
    readonly handler: number;
    /** Network, kernel, and what nobody measured. */
    readonly rest: number;
  } | null;
}

/**
 * Reads a gate such as `p99<50`, `connected>=0.99` or `messages>99%`.
 * @throws WsightError `BAD_OPTION` saying what was expected
 */
export function parseGate(text: string): LoadGate {
  const parts = /^\s*([a-z\d-]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(%|ms)?\s*$/.exec(text);
  const [, name, comparison, number, unit] = parts ?? [];
  if (name === undefined || comparison === undefined || number === undefined)
    throw expected("BAD_OPTION", "gate", `FIGURE<NUMBER with ${LOAD_FIGURES.join(", ")}`, text);
  const figure = asOneOf("BAD_OPTION", "gate", name, LOAD_FIGURES);
  const ratio = figure === "connected" || figure === "messages";
  if (unit !== undefined && (unit === "%") !== ratio)
    throw expected("BAD_OPTION", "gate", `${figure} without ${unit}`, text);
  const limit = unit === "%" ? Number(number) / 100 : Number(number);
  if (ratio && limit > 1) throw expected("BAD_OPTION", "gate", `${figure} as a ratio from 0 to 1, or with %`, text);
  return { figure, comparison: comparison as LoadGate["comparison"], limit };
}

/** Checks a plan that came from outside. @throws WsightError `BAD_REQUEST` saying what was expected */
export function parseLoadPlan(value: unknown): LoadPlan {
  const bad = "BAD_REQUEST";
  const fields = asFields(bad, "plan", value);
  const message = asFields(bad, "message", fields.message);
  return {
    profile: asText(bad, "profile", fields.profile, 64),
    target: parseLoadTarget(fields.target),
    shape: asOneOf(bad, "shape", fields.shape, LOAD_SHAPES),
    connections: asInteger(bad, "connections", fields.connections, 1, 1_000_000),
    intervalSeconds: asNumber(bad, "intervalSeconds", fields.intervalSeconds, 0.001, 3600),
    durationSeconds: asNumber(bad, "durationSeconds", fields.durationSeconds, 0.1, 7 * 86_400),
    rampSeconds: asNumber(bad, "rampSeconds", fields.rampSeconds, 0, 86_400),
    message: {
      template: asText(bad, "template", message.template, 65_536),
      event: asText(bad, "event", message.event),
      reply: asOneOf(bad, "reply", message.reply, LOAD_REPLIES),
      timeoutMs: asInteger(bad, "timeoutMs", message.timeoutMs, 1, 600_000),
    },
    gates: asList(bad, "gates", fields.gates, 32).map(parseGateFields),
    processes: fields.processes === null ? null : asInteger(bad, "processes", fields.processes, 1, 64),
    sources: asInteger(bad, "sources", fields.sources, 1, 200),
    fastMask: fields.fastMask === true,
  };
}

/** Checks a target that came from outside. @throws WsightError `BAD_REQUEST` saying what was expected */
export function parseLoadTarget(value: unknown): LoadTarget {
  const bad = "BAD_REQUEST";
  const target = asFields(bad, "target", value);
  const headers = Object.entries(asFields(bad, "headers", target.headers ?? {})).map(
    ([name, content]) => [asHeaderName(name), asHeaderText(name, content)] as const,
  );
  if (headers.length > 64) throw expected(bad, "headers", "at most 64", headers.length);
  return {
    url: asUrl(target.url),
    library: asOneOf(bad, "library", target.library, LOAD_LIBRARIES),
    namespace: asNamespace(target.namespace ?? "/"),
    auth: target.auth ?? null,
    headers: Object.fromEntries(headers),
    protocols: asList(bad, "protocols", target.protocols ?? [], 16).map(asProtocol),
    insecure: target.insecure === true,
  };
}

/** RFC 9110 §5.6.2: what names of headers and sub-protocols may be made of. */
const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]{1,128}$/;

function asHeaderName(name: string): string {
  if (!TOKEN.test(name)) throw expected("BAD_REQUEST", "headers", "a name of a header", name);
  return name;
}

function asHeaderText(name: string, value: unknown): string {
  const text = asText("BAD_REQUEST", `header ${name}`, value, 4096);
  // A line break would begin another header.
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
    throw expected("BAD_REQUEST", `header ${name}`, "one line of Latin-1", text);
  return text;
}

function asProtocol(value: unknown): string {
  const text = asText("BAD_REQUEST", "protocol", value, 128);
  if (!TOKEN.test(text)) throw expected("BAD_REQUEST", "protocol", "a name of a sub-protocol", text);
  return text;
}

function asNamespace(value: unknown): string {
  const text = asText("BAD_REQUEST", "namespace", value);
  if (!/^\/[^,\s]*$/.test(text)) throw expected("BAD_REQUEST", "namespace", "a name that begins with /", text);
  return text;
}

function parseGateFields(value: unknown): LoadGate {
  const fields = asFields("BAD_REQUEST", "gate", value);
  return {
    figure: asOneOf("BAD_REQUEST", "figure", fields.figure, LOAD_FIGURES),
    comparison: asOneOf("BAD_REQUEST", "comparison", fields.comparison, ["<", "<=", ">", ">="]),
    limit: asNumber("BAD_REQUEST", "limit", fields.limit),
  };
}

function asUrl(value: unknown): string {
  const text = asText("BAD_REQUEST", "url", value, 2048);
  if (!/^(ws|wss|http|https):\/\/[^/]/.test(text) || /[^\x21-\x7e]/.test(text))
    throw expected("BAD_REQUEST", "url", "a ws:, wss:, http: or https: address", text);
  return text;
}
