import type { Labels, Notice } from "@wsight/protocol";
import type { Message } from "../notifier.ts";
import { isResolved } from "../words.ts";

/** What Alertmanager says for a time that has not come. */
const NEVER = "0001-01-01T00:00:00Z";

/** Labels as Prometheus knows them: `alertname` first, names of letters, digits and underscores, no empty value. */
export function alertLabels(notice: Notice): Labels {
  const { name, severity, labels, ruleId } = notice;
  const all = { alertname: name, severity, ...(ruleId === null ? {} : { rule: ruleId }), ...labels };
  const entries = Object.entries(all).map(([label, value]) => [labelName(label), value] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ""));
}

/** Texts of an alert. */
export function alertAnnotations({ summary, description, runbookUrl, value }: Notice): Labels {
  const all = { summary, description, runbook_url: runbookUrl, value: value === null ? "" : String(value) };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ""));
}

/** The payload of Alertmanager's webhook, version 4, so that receivers of it take ours. */
export function webhookV4(message: Message, receiver: string, groupKey: string): object {
  const alerts = message.notices.map((notice) => ({
    status: statusOf(notice),
    labels: alertLabels(notice),
    annotations: alertAnnotations(notice),
    startsAt: isoTime(notice.firedAt ?? notice.at),
    endsAt: isResolved(notice) ? isoTime(notice.endedAt ?? notice.at) : NEVER,
    generatorURL: notice.url,
    // Theirs are 64 bits, 16 digits.
    fingerprint: (notice.fingerprint ?? "").slice(0, 16),
  }));
  const labels = alerts.map((alert) => alert.labels);
  return {
    version: "4",
    groupKey,
    truncatedAlerts: 0,
    status: alerts.every(({ status }) => status === "resolved") ? "resolved" : "firing",
    receiver,
    groupLabels: pick(common(labels), ["alertname", "rule", "severity"]),
    commonLabels: common(labels),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    externalURL: originOf(message.notices[0]?.url ?? ""),
    alerts,
  };
}

/** A time as RFC 3339. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

function statusOf(notice: Notice): "firing" | "resolved" {
  return isResolved(notice) ? "resolved" : "firing";
}

function labelName(name: string): string {
  const plain = name.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^\d/.test(plain) ? `_${plain}` : plain;
}

/** What all of them have. */
function common(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([label, value]) => others.every((other) => other[label] === value)),
  );
}

function pick(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => names.includes(label)));
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}
