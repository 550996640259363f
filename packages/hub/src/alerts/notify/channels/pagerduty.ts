import type { Notice } from "@wsight/protocol";
import { clip } from "../dispatch/conceal.ts";
import { type HttpProvider, httpNotifier, jsonFields } from "../http/http-notifier.ts";
import type { Post } from "../http/post.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { isResolved, wordsOf } from "../words.ts";

const LONGEST_SUMMARY = 1_024;
const LONGEST_KEY = 255;

/** PagerDuty's Events API v2. One event for each notice; the same again changes nothing, because events have the alert's key. */
export function pagerdutyNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "pagerduty",
  requests(settings, message) {
    const url = `${settings.text("baseUrl").replace(/\/+$/, "")}/v2/enqueue`;
    const routingKey = settings.text("routingKey");
    return message.notices.flatMap((notice, index) =>
      eventsOf(notice, message, index).map(
        (event): Post => ({ url, headers: {}, body: JSON.stringify({ routing_key: routingKey, ...event }) }),
      ),
    );
  },
  read({ status, text }) {
    const { dedup_key: key, message, errors } = jsonFields(text);
    if (status < 300) return { providerId: typeof key === "string" ? key : null };
    const details = Array.isArray(errors) ? errors.join("; ") : "";
    return typeof message === "string" ? { error: details === "" ? message : `${message}: ${details}` } : {};
  },
};

function eventsOf(notice: Notice, message: Message, index: number): readonly object[] {
  const key = clip(notice.fingerprint ?? `${message.idempotencyKey}.${index}`, LONGEST_KEY);
  const resolve = { event_action: "resolve", dedup_key: key };
  if (isResolved(notice)) return [resolve];
  const trigger = triggerOf(notice, message, key);
  // Nobody need close an incident by hand that a test opened.
  return notice.kind === "test" ? [trigger, resolve] : [trigger];
}

function triggerOf(notice: Notice, message: Message, key: string): object {
  const { headline, summary, description, links } = wordsOf(notice);
  const { labels, at, kind, ruleId, metric, value, limit, peak, culprits, episodeId } = notice;
  return {
    event_action: "trigger",
    dedup_key: key,
    client: "wsight",
    ...(links[0] === undefined ? {} : { client_url: links[0][1] }),
    payload: {
      summary: clip(summary === "" ? headline : summary, LONGEST_SUMMARY),
      source: labels.node ?? message.instance,
      severity: kind === "test" ? "info" : notice.severity,
      timestamp: new Date(at).toISOString(),
      ...(labels.service === undefined ? {} : { component: labels.service }),
      ...(ruleId === null ? {} : { group: ruleId }),
      class: metric === "" ? kind : metric,
      custom_details: { headline, description, labels, value, limit, peak, culprits, episode: episodeId },
    },
    links: links.map(([text, href]) => ({ href, text })),
  };
}
