import type { Notice } from "@wsight/protocol";
import { type HttpProvider, httpNotifier } from "../http/http-notifier.ts";
import type { Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { isResolved } from "../words.ts";
import { alertAnnotations, alertLabels, isoTime } from "./alertmanager-payload.ts";

/**
 * Alertmanager takes an alert for resolved when it was not told again for a
 * while (5 min unless set) and no end was said. We tell what happens and not
 * the same each minute, so we say an end far off, and the true one when it comes.
 */
const FIRES_MS = 24 * 3_600_000;

/** Pushes alerts to Alertmanager, which then routes and groups them itself. */
export function alertmanagerNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "alertmanager",
  requests(settings, message, now) {
    const authorization = settings.text("authorization");
    return [
      {
        url: `${settings.text("url").replace(/\/+$/, "")}/api/v2/alerts`,
        headers: authorization === "" ? {} : { authorization },
        body: JSON.stringify(message.notices.map((notice) => alertOf(notice, now))),
      },
    ];
  },
};

function alertOf(notice: Notice, now: number): object {
  const endsAt = isResolved(notice) ? (notice.endedAt ?? notice.at) : now + FIRES_MS;
  return {
    labels: alertLabels(notice),
    annotations: alertAnnotations(notice),
    startsAt: isoTime(notice.firedAt ?? notice.at),
    // Of a test nothing should stay.
    endsAt: isoTime(notice.kind === "test" ? now + 60_000 : endsAt),
    generatorURL: notice.url,
  };
}
