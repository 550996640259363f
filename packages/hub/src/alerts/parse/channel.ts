import { type AlertChannel, CHANNEL_TYPES, type ChannelField, type ChannelType } from "@wsight/protocol";
import type { ChannelDraft } from "../desk/desk.ts";
import { CHANNEL_KINDS } from "../notify/channel-kinds.ts";
import { Form, type Read } from "./form.ts";
import { address, flag, id, idFrom, line, number, oneOf, text, wanted } from "./reads.ts";

/** What a client may send back, but does not decide. */
const OURS = ["version", "health"];
const NAMES = ["id", "name", "type", "enabled", "config", "secrets", ...OURS];
const MAX_TEXT = 512;
const MAX_SECRET = 4096;
const MAX_LIST = 50;

type ConfigValue = AlertChannel["config"][string];

/** What a channel is saved as. */
export interface ChannelContext {
  /** Of the address; `null` for a new one, which says it itself or is named after its name. */
  readonly id: string | null;
  /** The one that it replaces. */
  readonly base: AlertChannel | null;
}

/**
 * Parses a channel that came from outside. Secrets that are left out stay as they are, `null` takes one away; `true`
 * and `false`, as they are shown, are left out as well. What is got never stands in a message about a secret.
 * @throws WsightError `BAD_REQUEST`, naming every field that is not right
 */
export function parseChannelDraft(value: unknown, context: ChannelContext): ChannelDraft {
  const { base } = context;
  const form = Form.open("channel", value, NAMES);
  const type = form.optional("type", oneOf(CHANNEL_TYPES), base?.type ?? "webhook");
  if (base === null && !form.has("type")) form.fail("type", `expected one of ${CHANNEL_TYPES.join(", ")}, got none`);
  if (base !== null && type !== base.type) form.fail("type", wanted(`${base.type}, which can't be changed`, type));
  const name = form.required("name", line(120, 1), "");
  const config = form.hasFault("type") ? {} : readConfig(form, type);
  const draft: ChannelDraft = {
    id: readId(form, context, name),
    name,
    type,
    enabled: form.optional("enabled", flag, true),
    config,
    secrets: form.hasFault("type") ? {} : readSecrets(form, type, base, config),
  };
  form.finish("channel");
  return draft;
}

function readId(form: Form, { id: wantedId }: ChannelContext, name: string): string {
  const own = form.optional("id", id, wantedId ?? idFrom(name));
  if (wantedId !== null && own !== wantedId) form.fail("id", wanted(`${wantedId}, as the address says`, own));
  if (own === "" && !form.hasFault("name"))
    form.fail("id", "expected an id: the name has no letters or digits to make one of");
  return own;
}

function readConfig(form: Form, type: ChannelType): AlertChannel["config"] {
  const fields = CHANNEL_KINDS[type].fields.filter((field) => field.type !== "secret");
  const at = form.within(
    "config",
    form.raw("config") ?? {},
    fields.map(({ name }) => name),
  );
  const config: [string, ConfigValue][] = [];
  for (const field of fields) {
    const given = at.raw(field.name);
    if (isEmpty(given)) {
      if (field.required) at.fail(field.name, "expected a value, got none");
      continue;
    }
    config.push([field.name, at.check(field.name, given, readOf(field), "")]);
  }
  return Object.fromEntries(config);
}

function readSecrets(
  form: Form,
  type: ChannelType,
  base: AlertChannel | null,
  config: AlertChannel["config"],
): ChannelDraft["secrets"] {
  const moved = base === null ? null : destinationChanged(type, base.config, config);
  const fields = CHANNEL_KINDS[type].fields.filter((field) => field.type === "secret");
  const at = form.within(
    "secrets",
    form.raw("secrets") ?? {},
    fields.map(({ name }) => name),
  );
  const secrets: [string, string | null][] = [];
  for (const { name, required } of fields) {
    const given = at.raw(name);
    const isKept = given === undefined || typeof given === "boolean";
    if (required && (isKept ? base?.secrets[name] !== true : isEmpty(given)))
      at.fail(name, "expected a value, got none");
    else if (isKept && moved !== null && base?.secrets[name] === true)
      at.fail(name, `expected it again: ${moved} has changed, and what is kept goes only where it was entered for`);
    else if (!isKept) secrets.push([name, isEmpty(given) ? null : at.check(name, given, secret, "")]);
  }
  return Object.fromEntries(secrets);
}

/** Name of a setting that says where secrets go and is another one now; `null` for none. */
function destinationChanged(
  type: ChannelType,
  before: AlertChannel["config"],
  now: AlertChannel["config"],
): string | null {
  const fields = CHANNEL_KINDS[type].fields.filter(({ destination }) => destination === true);
  const changed = fields.find(({ name, fallback }) => (before[name] ?? fallback) !== (now[name] ?? fallback));
  return changed?.name ?? null;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function readOf({ type, choices }: ChannelField): Read<ConfigValue> {
  if (choices !== undefined) return oneOf(choices);
  switch (type) {
    case "number":
      return number(0, 1e15);
    case "switch":
      return flag;
    case "url":
      return address(["https:", "http:"]);
    case "list":
      return readList;
    default:
      return line(MAX_TEXT);
  }
}

function readList(where: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_LIST) throw new Error(wanted(`a list of at most ${MAX_LIST}`, value));
  return value.map((item) => line(MAX_TEXT, 1)(where, item));
}

function secret(_where: string, value: unknown): string {
  if (typeof value !== "string") throw new Error("expected a string");
  if (value.length > MAX_SECRET) throw new Error(`expected at most ${MAX_SECRET} characters, got ${value.length}`);
  try {
    return text(MAX_SECRET)("", value);
  } catch {
    throw new Error("expected no control characters");
  }
}
