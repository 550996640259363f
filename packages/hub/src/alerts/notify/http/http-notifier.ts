import type { ChannelType } from "@wsight/protocol";
import type { OpenChannel } from "../../desk/alert-tables.ts";
import { CHANNEL_KINDS } from "../channel-kinds.ts";
import { failure } from "../failure.ts";
import type { Delivery, Message, Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { Settings } from "../settings.ts";
import { judge, type ProviderReply } from "./judge.ts";
import { type Post, type Posted, post } from "./post.ts";

/** What is special about one provider. */
export interface HttpProvider {
  readonly type: ChannelType;
  /** The requests of a message, in order; more than one only where the same again does no harm. @throws SettingsError */
  requests(settings: Settings, message: Message, now: number, channel: OpenChannel): readonly Post[];
  /** What an answer says beside its status. */
  read?(posted: Posted): ProviderReply;
}

/** A notifier that posts JSON. */
export function httpNotifier(provider: HttpProvider, tools: NotifierTools): Notifier {
  const { type } = provider;
  return {
    type,
    ...CHANNEL_KINDS[type],
    async send(channel, message, signal) {
      try {
        const posts = provider.requests(new Settings(channel), message, tools.now(), channel);
        return await sendAll(provider, tools, posts, signal);
      } catch (error) {
        return failure(error);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function sendAll(
  provider: HttpProvider,
  { guard, now }: NotifierTools,
  posts: readonly Post[],
  signal: AbortSignal,
): Promise<Delivery> {
  let last: Delivery = { result: "dead", error: "there is nothing to be told" };
  for (const each of posts) {
    const posted = await post(guard, each, signal);
    last = judge(posted, provider.read?.(posted) ?? {}, now());
    if (last.result !== "sent") return last;
  }
  return last;
}

/** The fields of a JSON object; none for anything else. */
export function jsonFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
