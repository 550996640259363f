import {
  asFields,
  asInteger,
  asList,
  asNumber,
  asOneOf,
  asText,
  expected,
  type Fields,
  LOAD_REPLIES,
  type LoadOptions,
  type LoadPlan,
  resolvePlan,
  type TestKind,
  type TestOrder,
} from "@wsight/protocol";
import type { Admitted } from "./admission.ts";

const CODE = "BAD_REQUEST";
const TARGET_FIELDS = ["url", "library", "namespace", "auth", "headers", "protocols", "insecure"];
const OWN_FIELDS: Readonly<Record<TestKind, readonly string[]>> = {
  server: ["event", "message"],
  pool: ["connections", "workerHeader", "workerField"],
  echo: ["count", "size", "event", "message", "reply"],
  load: [
    ...["profile", "connections", "interval", "duration", "ramp", "event", "message", "reply", "timeoutMs"],
    ...["expect", "processes"],
  ],
};
/** Most of what a test over REST may take; the command line has no such limits. */
const MAX_CONNECTIONS = 10_000;
const MAX_POOL = 400;
const MAX_SECONDS = 3600;
const MAX_ECHOES = 1000;
/** Longer than anything else of a test may take, ms. */
const SPARE_MS = 60_000;
const ECHO_MS = 5050;

/** What a test process is told, and how long it may take. */
export interface Order {
  readonly order: Exclude<TestOrder, { readonly test: "report" }>;
  /** The plan of a load test; `null` of others. */
  readonly plan: LoadPlan | null;
  readonly limitMs: number;
}

/**
 * Makes an order of what was asked for.
 * @throws WsightError `BAD_REQUEST` or `BAD_OPTION` saying what was expected
 */
export function readOrder(kind: TestKind, body: unknown, admitted: Admitted): Order {
  const fields = asFields(CODE, "body", body ?? {});
  const known = [...TARGET_FIELDS, ...OWN_FIELDS[kind]];
  for (const name of Object.keys(fields))
    if (!known.includes(name)) throw expected(CODE, "body", `fields among ${known.join(", ")}`, name);
  return READ[kind](fields, admitted);
}

type Read = (fields: Fields, admitted: Admitted) => Order;

const READ: { readonly [K in TestKind]: Read } = {
  server: (fields, { target, ownHost }) => ({
    order: { test: "server", target, ownHost, ...texts(fields) },
    plan: null,
    limitMs: 2 * SPARE_MS,
  }),
  pool: (fields, { target, ownHost }) => ({
    order: {
      test: "pool",
      target,
      ownHost,
      ...given("connections", fields, (value) => asInteger(CODE, "connections", value, 1, MAX_POOL)),
      ...given("workerHeader", fields, (value) => asText(CODE, "workerHeader", value, 128)),
      ...given("workerField", fields, (value) => asText(CODE, "workerField", value, 128)),
    },
    plan: null,
    limitMs: SPARE_MS,
  }),
  echo: (fields, { target, ownHost }) => {
    const count = given("count", fields, (value) => asInteger(CODE, "count", value, 1, MAX_ECHOES)).count ?? 20;
    return {
      order: {
        test: "echo",
        target,
        ownHost,
        count,
        ...given("size", fields, (value) => asInteger(CODE, "size", value, 0, 65_536)),
        ...given("reply", fields, (value) => asOneOf(CODE, "reply", value, LOAD_REPLIES)),
        ...texts(fields),
      },
      plan: null,
      limitMs: Math.min(MAX_SECONDS * 1000, count * ECHO_MS + SPARE_MS),
    };
  },
  load: (fields, { target, ownHost }) => {
    const plan = resolvePlan({ ...target, ...loadOptions(fields) });
    // A profile of its own may ask for more than what was typed.
    asInteger(CODE, "connections", plan.connections, 1, MAX_CONNECTIONS);
    asNumber(CODE, "duration", plan.durationSeconds, 0, MAX_SECONDS);
    const seconds = plan.rampSeconds + plan.durationSeconds;
    return {
      order: { test: "load", plan, ownHost, wsight: null },
      plan,
      limitMs: seconds * 1000 + plan.message.timeoutMs + SPARE_MS,
    };
  },
};

function loadOptions(fields: Fields): Omit<LoadOptions, "url"> {
  return {
    ...given("profile", fields, (value) => asText(CODE, "profile", value, 64)),
    ...given("connections", fields, (value) => asInteger(CODE, "connections", value, 1, MAX_CONNECTIONS)),
    ...given("interval", fields, (value) => asNumber(CODE, "interval", value, 0.001, 3600)),
    ...given("duration", fields, (value) => asNumber(CODE, "duration", value, 0.1, MAX_SECONDS)),
    ...given("ramp", fields, (value) => asNumber(CODE, "ramp", value, 0, 600)),
    ...given("reply", fields, (value) => asOneOf(CODE, "reply", value, LOAD_REPLIES)),
    ...given("timeoutMs", fields, (value) => asInteger(CODE, "timeoutMs", value, 1, 60_000)),
    ...given("processes", fields, (value) => asInteger(CODE, "processes", value, 1, 8)),
    ...given("expect", fields, (value) =>
      asList(CODE, "expect", value, 16).map((gate) => asText(CODE, "expect", gate)),
    ),
    ...texts(fields),
  };
}

function texts(fields: Fields): { readonly event?: string; readonly message?: string } {
  return {
    ...given("event", fields, (value) => asText(CODE, "event", value)),
    ...given("message", fields, (value) => asText(CODE, "message", value, 16_384)),
  };
}

/** A field that was given, read; nothing when it was not. */
function given<K extends string, T>(name: K, fields: Fields, read: (value: unknown) => T): { readonly [N in K]?: T } {
  const value = fields[name];
  if (value === undefined || value === null) return {};
  return { [name]: read(value) } as { readonly [N in K]?: T };
}
