import type { ChannelField, ChannelForm, ChannelType } from "@wsight/protocol";

/** A channel type as it is set up: for checks, docs and the form on the page. */
export type ChannelKind = Omit<ChannelForm, "type">;

/** How mail servers are spoken to; the first is taken when nothing is said. */
export const MAIL_SECURITY = ["starttls", "tls", "none"] as const;
/** What a webhook is sent; the first is taken when nothing is said. */
const WEBHOOK_FORMATS = ["wsight", "alertmanager"] as const;

/** Settings of every channel type. `secret` fields are kept encrypted and never shown; all others are `config`. */
export const CHANNEL_KINDS: Readonly<Record<ChannelType, ChannelKind>> = {
  email: {
    title: "E-mail",
    fields: [
      { ...text("host", "Mail server", true, "Name or address of the SMTP server."), destination: true },
      { ...number("port", "Port", "465 with TLS, 587 with STARTTLS, 25 without, unless set."), destination: true },
      {
        name: "security",
        label: "Security",
        type: "text",
        required: false,
        help: "starttls: must be offered · tls: from the first byte · none: in clear; no password is sent then, except to this machine.",
        choices: MAIL_SECURITY,
        fallback: MAIL_SECURITY[0],
      },
      {
        name: "verify",
        label: "Check the server's certificate",
        type: "switch",
        required: false,
        help: "Off for servers with a certificate of their own making: anybody in between could then read along.",
        fallback: true,
        // Without it whoever is in between could be given the password.
        destination: true,
      },
      text("user", "User", false, "Empty when the server asks for none."),
      secret("password", "Password", false, "Kept encrypted."),
      text("from", "From", true, "One address, e.g. alerts@example.org or wsight <alerts@example.org>."),
      { name: "to", label: "To", type: "list", required: true, help: "1 to 50 addresses." },
    ],
  },
  slack: {
    title: "Slack",
    fields: [secret("url", "Webhook address", true, "Of an incoming webhook: https://hooks.slack.com/services/…")],
  },
  discord: {
    title: "Discord",
    fields: [secret("url", "Webhook address", true, "Of a channel's webhook: https://discord.com/api/webhooks/…")],
  },
  teams: {
    title: "Microsoft Teams",
    fields: [
      secret(
        "url",
        "Workflow address",
        true,
        "Of a workflow that begins with “When a Teams webhook request is received”.",
      ),
    ],
  },
  telegram: {
    title: "Telegram",
    fields: [
      secret("token", "Bot token", true, "From @BotFather: 123456:ABC…"),
      text("chatId", "Chat", true, "Number of the chat, or @name of a channel."),
      number("threadId", "Topic", "Number of the topic in a forum."),
      url("baseUrl", "Bot API server", false, "Of a Bot API server of your own.", "https://api.telegram.org"),
    ],
  },
  pagerduty: {
    title: "PagerDuty",
    fields: [
      secret("routingKey", "Integration key", true, "Of an Events API v2 integration: 32 characters."),
      url(
        "baseUrl",
        "Events API",
        false,
        "https://events.eu.pagerduty.com for accounts in the EU.",
        "https://events.pagerduty.com",
      ),
    ],
  },
  webhook: {
    title: "Webhook",
    fields: [
      url("url", "Address", true, "Gets a POST with JSON."),
      {
        name: "format",
        label: "Format",
        type: "text",
        required: false,
        help: "wsight: our own · alertmanager: as Alertmanager's webhook sends it (version 4).",
        choices: WEBHOOK_FORMATS,
        fallback: WEBHOOK_FORMATS[0],
      },
      secret("secret", "Signing secret", false, "Signs each request; see X-Wsight-Signature."),
      secret("authorization", "Authorization", false, "Value of the header Authorization, e.g. Bearer ABC."),
    ],
  },
  alertmanager: {
    title: "Alertmanager",
    fields: [
      url("url", "Address", true, "Of Alertmanager; /api/v2/alerts is added."),
      secret("authorization", "Authorization", false, "Value of the header Authorization, e.g. Bearer ABC."),
    ],
  },
  file: {
    title: "File",
    fields: [
      text("file", "File", false, "Name of a file in DATA/notices; one JSON line each, up to 16 MB.", "notices.jsonl"),
    ],
  },
};

function text(name: string, label: string, required: boolean, help: string, fallback?: string): ChannelField {
  return { name, label, type: "text", required, help, ...(fallback === undefined ? {} : { fallback }) };
}

function url(name: string, label: string, required: boolean, help: string, fallback?: string): ChannelField {
  return { ...text(name, label, required, help, fallback), type: "url", destination: true };
}

function number(name: string, label: string, help: string): ChannelField {
  return { name, label, type: "number", required: false, help };
}

function secret(name: string, label: string, required: boolean, help: string): ChannelField {
  return { name, label, type: "secret", required, help };
}
