import { createHmac } from "node:crypto";
import { type HttpProvider, httpNotifier } from "../http/http-notifier.ts";
import type { Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { webhookV4 } from "./alertmanager-payload.ts";

/**
 * Any receiver of JSON. The header `Idempotency-Key` and the body are the same
 * for each try of a message; `X-Wsight-Signature: t=SECONDS,v1=HEX` is the
 * HMAC-SHA256 of `SECONDS.BODY` with the channel's signing secret.
 */
export function webhookNotifier(tools: NotifierTools): Notifier {
  return httpNotifier(PROVIDER, tools);
}

const PROVIDER: HttpProvider = {
  type: "webhook",
  requests(settings, message, now, channel) {
    const isAlertmanager = settings.text("format") === "alertmanager";
    const payload = isAlertmanager ? webhookV4(message, channel.name, groupKeyOf(message)) : ownPayload(message);
    const body = JSON.stringify(payload);
    const secret = settings.text("secret");
    const authorization = settings.text("authorization");
    return [
      {
        url: settings.text("url"),
        body,
        headers: {
          "idempotency-key": headerText(message.idempotencyKey),
          ...(authorization === "" ? {} : { authorization }),
          ...(secret === "" ? {} : { "x-wsight-signature": signatureOf(secret, body, now) }),
        },
      },
    ];
  },
};

/** Nothing in it may change from one try to the next. */
function ownPayload({ idempotencyKey, instance, notices }: Message): object {
  return { version: 1, id: idempotencyKey, instance, notices };
}

function signatureOf(secret: string, body: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

function groupKeyOf({ notices }: Message): string {
  const first = notices[0];
  return `{}:{rule=${JSON.stringify(first?.ruleId ?? "")}, severity=${JSON.stringify(first?.severity ?? "")}}`;
}

/** What a header may hold: printable ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (char) => encodeURIComponent(char));
}
