import {
  HEAVY_CONNECTIONS,
  HEAVY_MESSAGE_RATE,
  type LoadLibrary,
  PROFILES,
  type ProfileName,
  type TestKind,
  type TestList,
} from "@wsight/protocol";

/** What the profiles are for, in a few words. */
export const PROFILE_NOTES: Readonly<Record<ProfileName, string>> = {
  light: "a first look",
  medium: "an ordinary day",
  heavy: "a busy one",
  extreme: "where it breaks",
  custom: "as you say below",
  ramp: "ever more connections",
  soak: "an hour, for leaks",
  spike: "threefold for a third",
  "reconnect-storm": "all cut, all back at once",
  "broadcast-lag": "one sends, all hear",
};

/** What the form holds: texts as they were typed. */
export interface Order {
  /** Index of an own target, or `other`. */
  readonly target: number | "other";
  readonly url: string;
  readonly library: LoadLibrary;
  /** Host name typed once more. */
  readonly host: string;
  readonly profile: ProfileName;
  readonly connections: string;
  readonly interval: string;
  readonly duration: string;
  readonly ramp: string;
  readonly expect: string;
  readonly poolConnections: string;
  readonly workerField: string;
  readonly count: string;
  readonly size: string;
  readonly namespace: string;
  readonly event: string;
  readonly auth: string;
  readonly message: string;
}

/** The form before anybody touched it. */
export const FIRST_ORDER: Order = {
  target: 0,
  url: "",
  library: "ws",
  host: "",
  ...fieldsOf("light"),
  expect: "",
  poolConnections: "40",
  workerField: "",
  count: "100",
  size: "256",
  namespace: "",
  event: "",
  auth: "",
  message: "",
};

/** The fields that a profile fills in. */
export function fieldsOf(name: ProfileName): Pick<Order, "profile" | "connections" | "interval" | "duration" | "ramp"> {
  const { connections, intervalSeconds, durationSeconds } = PROFILES[name];
  return {
    profile: name,
    connections: String(connections),
    interval: String(intervalSeconds),
    duration: String(durationSeconds),
    ramp: rampOf(connections),
  };
}

/** Where an order goes. */
export interface Aim {
  readonly url: string;
  readonly library: LoadLibrary;
  readonly own: boolean;
}

/** The server that is meant. */
export function aimOf(order: Order, targets: TestList["targets"]): Aim {
  const target = order.target === "other" ? undefined : targets[order.target];
  return target === undefined
    ? { url: order.url.trim(), library: order.library, own: false }
    : { url: target.url, library: target.library, own: true };
}

/** Host of an address that is not this machine; `null` for loopback, and while it is no address. */
export function strangeHost(url: string): string | null {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return host === "" || /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(host) ? null : host;
}

/** Whether a load is one that own targets take only when the hub allows it. */
export function isHeavy({ connections, interval }: Pick<Order, "connections" | "interval">): boolean {
  const many = Number(connections);
  return many >= HEAVY_CONNECTIONS || many / Number(interval) >= HEAVY_MESSAGE_RATE;
}

/**
 * Host whose name must be typed before a test is started: that of a server
 * elsewhere, and of one that is loaded while it is in production; else `null`.
 */
export function hostToType(kind: TestKind, order: Order, { targets, allowed }: TestList): string | null {
  const { url } = aimOf(order, targets);
  const strange = strangeHost(url);
  return strange ?? (kind === "load" && !allowed.heavy && URL.canParse(url) ? new URL(url).hostname : null);
}

/** Why a test cannot be started as it stands; `null` when it can. */
export function obstacle(kind: TestKind, order: Order, list: TestList): string | null {
  const { targets, allowed } = list;
  const aim = aimOf(order, targets);
  if (!/^(ws|wss|http|https):\/\/[^/]/.test(aim.url)) return "Give a ws:, wss:, http: or https: address.";
  const host = hostToType(kind, order, list);
  if (host !== null && order.host.trim().toLowerCase() !== host.toLowerCase())
    return `Type ${host} above to say that it is yours to test.`;
  if (kind === "load" && aim.own && !allowed.heavy && isHeavy(order))
    return "Load this heavy is not allowed from the page on this hub. The line below runs it from a terminal.";
  if (readAuth(order.auth) === undefined) return "The auth payload is not JSON.";
  return null;
}

/** The body that starts a test. Only what differs from what the hub would do anyway. */
export function bodyOf(kind: TestKind, order: Order, targets: TestList["targets"]): object {
  const { url, library } = aimOf(order, targets);
  return {
    url,
    library,
    ...(kind === "pool" ? {} : given("event", order.event)),
    ...(library === "socket.io"
      ? { ...given("namespace", order.namespace), ...given("auth", readAuth(order.auth)) }
      : {}),
    ...(kind === "pool" ? {} : given("message", order.message)),
    ...OWN_FIELDS[kind](order),
  };
}

const OWN_FIELDS: Readonly<Record<TestKind, (order: Order) => object>> = {
  server: () => ({}),
  pool: ({ poolConnections, workerField }) => ({
    connections: Number(poolConnections),
    ...given("workerField", workerField),
  }),
  echo: ({ count, size }) => ({ count: Number(count), size: Number(size) }),
  load: (order) => ({
    profile: order.profile,
    ...Object.fromEntries(changesOf(order).map(([name, value]) => [name, Number(value)])),
    ...(gatesOf(order).length === 0 ? {} : { expect: gatesOf(order) }),
  }),
};

/** The same test as a command. */
export function commandOf(kind: TestKind, order: Order, targets: TestList["targets"]): string {
  const { url, library } = aimOf(order, targets);
  const host = strangeHost(url);
  return [
    "npx wsight",
    ...OWN_WORDS[kind](order),
    `--url ${quote(url || "ws://HOST")}`,
    library === "socket.io" ? "--socketio" : "",
    ...(library === "socket.io" ? [flag("namespace", order.namespace), flag("auth", order.auth)] : []),
    ...(kind === "pool" ? [] : [flag("event", order.event), flag("message", order.message)]),
    host === null ? "" : `--i-own ${quote(host)}`,
  ]
    .filter((word) => word !== "")
    .join(" ");
}

const OWN_WORDS: Readonly<Record<TestKind, (order: Order) => readonly string[]>> = {
  server: () => ["test"],
  pool: ({ poolConnections, workerField }) => [
    "pool",
    `--connections ${quote(poolConnections)}`,
    flag("worker-field", workerField),
  ],
  echo: ({ count, size }) => ["echo", `--count ${quote(count)}`, `--size ${quote(size)}`],
  load: (order) => [
    "load",
    order.profile,
    ...changesOf(order).map(([name, value]) => flag(name, value)),
    ...gatesOf(order).map((gate) => flag("expect", gate)),
  ],
};

/** What differs from the profile. */
function changesOf(order: Order): readonly (readonly [name: string, value: string])[] {
  const usual = fieldsOf(order.profile);
  const names = ["connections", "interval", "duration"] as const;
  return [
    ...names.filter((name) => Number(order[name]) !== Number(usual[name])).map((name) => [name, order[name]] as const),
    ...(order.ramp === rampOf(Number(order.connections)) ? [] : [["ramp", order.ramp] as const]),
  ];
}

/** Seconds over which connections open, unless told: a second for each 500, from 1 to 20. */
export function rampOf(connections: number): string {
  return String(Math.min(20, Math.max(1, connections / 500)));
}

function gatesOf({ expect }: Order): readonly string[] {
  return expect.split(/[\s,;]+/).filter((gate) => gate !== "");
}

/** The payload, `""` for none, `undefined` for what is no JSON. */
function readAuth(text: string): unknown {
  if (text.trim() === "") return "";
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function given(name: string, value: unknown): object {
  return value === "" ? {} : { [name]: value };
}

function flag(name: string, value: string): string {
  return value.trim() === "" ? "" : `--${name} ${quote(value.trim())}`;
}

/** For POSIX shells: what is not plain stands in single quotes. */
function quote(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
