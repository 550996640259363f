import type { ChannelType } from "@wsight/protocol";
import { alertmanagerNotifier } from "./channels/alertmanager.ts";
import { discordNotifier } from "./channels/discord.ts";
import { emailNotifier } from "./channels/email.ts";
import { fileNotifier } from "./channels/file.ts";
import { pagerdutyNotifier } from "./channels/pagerduty.ts";
import { slackNotifier } from "./channels/slack.ts";
import { teamsNotifier } from "./channels/teams.ts";
import { telegramNotifier } from "./channels/telegram.ts";
import { webhookNotifier } from "./channels/webhook.ts";
import type { Notifier } from "./notifier.ts";
import type { NotifierTools } from "./notifier-tools.ts";

/** Every way to tell people: one line each. */
const NOTIFIERS: readonly ((tools: NotifierTools) => Notifier)[] = [
  emailNotifier,
  slackNotifier,
  discordNotifier,
  teamsNotifier,
  telegramNotifier,
  pagerdutyNotifier,
  webhookNotifier,
  alertmanagerNotifier,
  fileNotifier,
];

/** One notifier for each channel type. Close them when done. */
export function createNotifiers(tools: NotifierTools): ReadonlyMap<ChannelType, Notifier> {
  return new Map(NOTIFIERS.map((create) => create(tools)).map((notifier) => [notifier.type, notifier]));
}
