import { type JobQueued, PLAN_PRIORITIES, sizeCategoryOf } from "@wsight/protocol";
import type { Life } from "./life.ts";

/** It is queued. Nothing that is known is changed by being told again: the first owner stays the owner. */
export function describeLife(life: Life, event: JobQueued): boolean {
  const isNews = life.queuedAt === null || event.at < life.queuedAt;
  const described = describe(life, event);
  if (!isNews) return described;
  life.queuedAt = event.at;
  const readyAt = event.at + (event.delayMs ?? 0);
  if (life.attempt === 0 || life.readyAt === null) life.readyAt = readyAt;
  if (life.firstStartedAt !== null) life.waitMs = Math.max(0, life.firstStartedAt - readyAt);
  return true;
}

function describe(life: Life, event: JobQueued): boolean {
  const { name, label, userId, plan, priority, sizeBytes, sizeCategory, maxAttempts } = life;
  life.name ||= event.name ?? "";
  life.label ??= event.label ?? null;
  life.userId ??= event.userId ?? null;
  life.plan ??= event.plan ?? null;
  life.priority ??= event.priority ?? (event.plan === undefined ? null : PLAN_PRIORITIES[event.plan]);
  life.sizeBytes ??= event.sizeBytes ?? null;
  life.sizeCategory ??= event.sizeCategory ?? sizeCategoryOf(event.sizeBytes ?? null);
  life.maxAttempts ??= event.maxAttempts ?? null;
  return (
    name !== life.name ||
    label !== life.label ||
    userId !== life.userId ||
    plan !== life.plan ||
    priority !== life.priority ||
    sizeBytes !== life.sizeBytes ||
    sizeCategory !== life.sizeCategory ||
    maxAttempts !== life.maxAttempts
  );
}
