import { WsightError } from "./errors.ts";
import {
  DEFAULT_GATES,
  LOAD_PROFILES,
  type LoadLibrary,
  type LoadPlan,
  type LoadReply,
  type LoadShape,
  parseGate,
  parseLoadPlan,
} from "./load.ts";
import { asOneOf, expected } from "./parse.ts";

/** What a profile stands for unless options say otherwise. */
export interface Profile {
  readonly shape: LoadShape;
  readonly connections: number;
  readonly intervalSeconds: number;
  readonly durationSeconds: number;
  readonly summary: string;
}

/** Names of the profiles. */
export const PROFILE_NAMES = [
  "light",
  "medium",
  "heavy",
  "extreme",
  "custom",
  "ramp",
  "soak",
  "spike",
  "reconnect-storm",
  "broadcast-lag",
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** All profiles by name. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  light: steady(LOAD_PROFILES.light, 10, "50 connections for 10 s"),
  medium: steady(LOAD_PROFILES.medium, 15, "200 connections for 15 s"),
  heavy: steady(LOAD_PROFILES.heavy, 20, "500 connections for 20 s"),
  extreme: steady(LOAD_PROFILES.extreme, 30, "1000 connections for 30 s"),
  custom: steady(100, 10, "what --connections, --interval and --duration say"),
  ramp: { ...steady(1000, 30, "connections grow from none to 1000 over 30 s"), shape: "ramp" },
  soak: { ...steady(200, 3600, "200 connections for an hour"), shape: "soak" },
  spike: { ...steady(600, 30, "200 connections, 600 for the middle third, 200 again"), shape: "spike" },
  "reconnect-storm": {
    ...steady(500, 20, "500 connections, all cut at half-time and back at once"),
    shape: "reconnect-storm",
  },
  "broadcast-lag": {
    ...steady(200, 15, "one connection sends, 200 listen: how late each hears it"),
    intervalSeconds: 0.5,
    shape: "broadcast-lag",
  },
};

/** What a load test is asked for: what is not given comes from the profile. */
export interface LoadOptions {
  /** @default "light" */
  readonly profile?: string;
  /** `ws:`, `wss:`, `http:` or `https:` address of the server. */
  readonly url: string;
  /** @default "ws" */
  readonly library?: LoadLibrary;
  /** Namespace of Socket.IO. @default "/" */
  readonly namespace?: string;
  /** Payload of the Socket.IO handshake. @default none */
  readonly auth?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sub-protocols to offer. */
  readonly protocols?: readonly string[];
  /** Accepts certificates that nobody vouches for. @default false */
  readonly insecure?: boolean;
  readonly connections?: number;
  /** Seconds between messages of one connection. */
  readonly interval?: number;
  /** Seconds of load, after the connections have been opened. */
  readonly duration?: number;
  /** Seconds over which connections are opened. @default a second for each 500, from 1 to 20 */
  readonly ramp?: number;
  /** Event of Socket.IO. @default "message" */
  readonly event?: string;
  /** Template of a message, see {@link LoadPlan}. @default a JSON object of some 60 bytes */
  readonly message?: string;
  /** @default "auto" */
  readonly reply?: LoadReply;
  /** After how many ms an answer is lost. @default 10000 */
  readonly timeoutMs?: number;
  /** Gates such as `p99<50`; those of the same figure replace the default ones. */
  readonly expect?: readonly string[];
  /** Processes that share the connections. @default as many as are needed */
  readonly processes?: number;
  /** Addresses of loopback to connect from. @default one for each 4000 connections above 10,000 */
  readonly sources?: number;
  /** Masks with zeros, which is legal and cheaper. @default false */
  readonly fastMask?: boolean;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MESSAGE = '{"type":"load","id":{{id}},"n":{{n}},"pad":"{{pad:20}}"}';
const MARKED_MESSAGE = '{"type":"load","mark":"{{mark}}"}';
const SINGLE_SOURCE = 10_000;
const PER_SOURCE = 4000;
const MAX_SOURCES = 200;

/** Makes a plan of options. @throws WsightError `BAD_OPTION` saying what was expected */
export function resolvePlan(options: LoadOptions): LoadPlan {
  const name = options.profile ?? "light";
  const profile = PROFILES[asOneOf("BAD_OPTION", "profile", name, PROFILE_NAMES)];
  const connections = options.connections ?? profile.connections;
  const isBroadcast = profile.shape === "broadcast-lag";
  const template = options.message ?? (isBroadcast ? MARKED_MESSAGE : DEFAULT_MESSAGE);
  if (isBroadcast && !template.includes("{{mark}}"))
    throw expected("BAD_OPTION", "message", "a text with {{mark}}, by which broadcasts are known again", template);
  return checked({
    profile: name,
    target: {
      url: options.url,
      library: options.library ?? "ws",
      namespace: options.namespace ?? "/",
      auth: options.auth ?? null,
      headers: options.headers ?? {},
      protocols: options.protocols ?? [],
      insecure: options.insecure ?? false,
    },
    shape: profile.shape,
    connections,
    intervalSeconds: options.interval ?? profile.intervalSeconds,
    durationSeconds: options.duration ?? profile.durationSeconds,
    rampSeconds: options.ramp ?? Math.min(20, Math.max(1, connections / 500)),
    message: {
      template,
      event: options.event ?? "message",
      reply: isBroadcast ? "none" : (options.reply ?? "auto"),
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    },
    gates: gatesOf(options.expect ?? []),
    processes: options.processes ?? null,
    sources:
      options.sources ?? (connections > SINGLE_SOURCE ? Math.min(MAX_SOURCES, Math.ceil(connections / PER_SOURCE)) : 1),
    fastMask: options.fastMask ?? false,
  });
}

/** The default gates but for figures that have gates of their own, then those. */
function gatesOf(texts: readonly string[]): LoadPlan["gates"] {
  const own = texts.map(parseGate);
  const figures = new Set(own.map(({ figure }) => figure));
  return [...DEFAULT_GATES.filter(({ figure }) => !figures.has(figure)), ...own];
}

/** What was typed is an option, not a request. */
function checked(plan: LoadPlan): LoadPlan {
  try {
    return parseLoadPlan(plan);
  } catch (error) {
    if (error instanceof WsightError) throw new WsightError("BAD_OPTION", error.message, { cause: error });
    throw error;
  }
}

function steady(connections: number, durationSeconds: number, summary: string): Profile {
  return { shape: "steady", connections, intervalSeconds: 1, durationSeconds, summary };
}
