import { createAddressGuard, createNotifiers, type Delivery, type Message } from "@wsight/hub";
import type { AlertChannel, ChannelType, Notice } from "@wsight/protocol";

/** A notice as the plan makes it; what matters to a test is put over it. */
export function notice(over: Partial<Notice> = {}): Notice {
  return {
    kind: "firing",
    episodeId: "01J0000000000000000000EPIS",
    seq: 1,
    fingerprint: "0123456789abcdef".repeat(4),
    ruleId: "queue-length",
    name: "Queue is long",
    severity: "critical",
    labels: { queue: "mail", node: "shop/1" },
    summary: "Queue mail holds 250 jobs, above 200",
    description: "For 30 s now.",
    metric: "queue.jobs",
    unit: "1",
    value: 250,
    limit: 200,
    peak: 260,
    firedAt: 1_790_000_000_000,
    endedAt: null,
    endReason: null,
    culprits: [{ label: "queue", name: "mail", value: 250 }],
    runbookUrl: "https://runbooks.example.org/queue",
    url: "https://wsight.example.org/dashboard#/overview?from=1&to=2",
    at: 1_790_000_000_000,
    ...over,
  };
}

/** A message of one notice or several. */
export function message(...notices: readonly Notice[]): Message {
  const list = notices.length === 0 ? [notice()] : notices;
  return { idempotencyKey: "01J0000000000000000000EPIS.firing.1.ops", notices: list, instance: "hub-1" };
}

/** How a channel of a test is set up. */
export interface ChannelOfTest {
  readonly config?: AlertChannel["config"];
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Sends with the notifiers of the hub, to hosts that were allowed. */
export interface NotifyRig {
  send(type: ChannelType, channel: ChannelOfTest, message?: Message, signal?: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** What notifiers may do in a test. */
export interface NotifyRigOptions {
  /** @default ["127.0.0.1"] */
  readonly allow?: readonly string[];
  readonly noticesDir?: string;
  readonly now?: () => number;
}

/** Makes all notifiers, as the hub has them. */
export function createNotifyRig({
  allow = ["127.0.0.1"],
  noticesDir,
  now = Date.now,
}: NotifyRigOptions = {}): NotifyRig {
  const notifiers = createNotifiers({ guard: createAddressGuard(allow), noticesDir: noticesDir ?? null, now });
  return {
    async send(type, { config = {}, secrets = {} }, toSend = message(), signal = AbortSignal.timeout(20_000)) {
      const notifier = notifiers.get(type);
      if (notifier === undefined) throw new Error(`there is no notifier for ${type}`);
      return notifier.send({ id: "ops", name: "Ops", type, enabled: true, config, secrets }, toSend, signal);
    },
    async close() {
      await Promise.all([...notifiers.values()].map((notifier) => notifier.close()));
    },
  };
}
