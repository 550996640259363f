import { OUTBOX_STATES } from "@wsight/protocol";
import type { EpisodeQuery, OutboxQuery } from "../desk/desk.ts";
import { Form, type Read } from "./form.ts";
import { line, oneOf, whole } from "./reads.ts";

const DAY_MS = 86_400_000;
/** How far back the history of alerts goes unless told otherwise. */
const USUAL_RANGE_MS = 30 * DAY_MS;
const MAX_AT = 8.64e15;
const MAX_PAGE = 500;
const USUAL_PAGE = 100;

/** Parses the query of the history of alerts: `fromAt`, `toAt`, `ruleId`, `fingerprint`, `before`, `limit`. @throws WsightError `BAD_REQUEST` */
export function parseEpisodeQuery(search: URLSearchParams, now: number): EpisodeQuery {
  const form = Form.open("query", fieldsOf(search), ["fromAt", "toAt", "ruleId", "fingerprint", "before", "limit"]);
  const toAt = form.optional("toAt", digits(0, MAX_AT), now + DAY_MS);
  const query = {
    fromAt: form.optional("fromAt", digits(0, MAX_AT), Math.max(0, Math.min(toAt, now) - USUAL_RANGE_MS)),
    toAt,
    ...optionalText(form, "ruleId", 64),
    ...optionalText(form, "fingerprint", 64),
    ...optionalText(form, "before", 64),
    limit: form.optional("limit", digits(1, MAX_PAGE), USUAL_PAGE),
  };
  if (query.toAt <= query.fromAt && !form.hasFault("fromAt"))
    form.fail("toAt", `expected a time after fromAt (${query.fromAt}), got ${query.toAt}`);
  form.finish("query");
  return query;
}

/** Parses the query of the outbox: `state`, `channelId`, `episodeId`, `limit`. @throws WsightError `BAD_REQUEST` */
export function parseOutboxQuery(search: URLSearchParams): OutboxQuery {
  const form = Form.open("query", fieldsOf(search), ["state", "channelId", "episodeId", "limit"]);
  const query = {
    ...(form.has("state") ? { state: form.required("state", oneOf(OUTBOX_STATES), "dead") } : {}),
    ...optionalText(form, "channelId", 64),
    ...optionalText(form, "episodeId", 64),
    limit: form.optional("limit", digits(1, MAX_PAGE), USUAL_PAGE),
  };
  form.finish("query");
  return query;
}

/** Empty ones count as left out, as forms send them. */
function fieldsOf(search: URLSearchParams): Readonly<Record<string, string>> {
  return Object.fromEntries([...search].filter(([, value]) => value !== ""));
}

function optionalText<K extends string>(form: Form, name: K, max: number): { readonly [P in K]?: string } {
  return form.has(name) ? ({ [name]: form.required(name, line(max), "") } as { [P in K]: string }) : {};
}

function digits(min: number, max: number): Read<number> {
  const read = whole(min, max);
  return (where, value) => read(where, typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value);
}
