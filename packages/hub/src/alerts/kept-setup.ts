import type { AlertChannel, AlertInhibition, AlertRoute, AlertRule, AlertSilence } from "@wsight/protocol";
import { DEFAULT_RULES } from "./default-rules.ts";
import type { AlertBook } from "./desk/desk.ts";
import { createPlan, DEFAULT_INHIBITIONS, type Plan } from "./plan/plan.ts";
import { DEFAULT_ROUTE } from "./plan/routes.ts";

/** What people set up, as this hub knows it: the newest that was loaded or saved. */
export class KeptSetup {
  #saved = new Map<string, AlertRule>();
  #rules: readonly AlertRule[] = [...DEFAULT_RULES];
  #silences = new Map<string, AlertSilence>();
  #channels = new Map<string, AlertChannel>();
  #route: AlertRoute | null = null;
  #inhibitions: readonly AlertInhibition[] | null = null;

  /** Takes everything over from what is kept. */
  load({ rules, silences, channels, route, inhibitions }: AlertBook): void {
    this.#saved = byId(rules);
    this.#silences = byId(silences);
    this.#channels = byId(channels);
    this.#route = route;
    this.#inhibitions = inhibitions;
    this.#merge();
  }

  /** Built-in ones included, where the saved one of an id takes its place; by name. The same objects until one changes. */
  get rules(): readonly AlertRule[] {
    return this.#rules;
  }

  rule(id: string): AlertRule | undefined {
    return this.#rules.find((rule) => rule.id === id);
  }

  putRule(rule: AlertRule): void {
    this.#saved.set(rule.id, rule);
    this.#merge();
  }

  dropRule(id: string): void {
    this.#saved.delete(id);
    this.#merge();
  }

  get silences(): readonly AlertSilence[] {
    return [...this.#silences.values()];
  }

  putSilence(silence: AlertSilence): void {
    this.#silences.set(silence.id, silence);
  }

  dropSilence(id: string): void {
    this.#silences.delete(id);
  }

  get channels(): readonly AlertChannel[] {
    return [...this.#channels.values()];
  }

  putChannel(channel: AlertChannel): void {
    this.#channels.set(channel.id, channel);
  }

  dropChannel(id: string): void {
    this.#channels.delete(id);
  }

  get route(): AlertRoute {
    return this.#route ?? DEFAULT_ROUTE;
  }

  set route(route: AlertRoute) {
    this.#route = route;
  }

  get inhibitions(): readonly AlertInhibition[] {
    return this.#inhibitions ?? DEFAULT_INHIBITIONS;
  }

  set inhibitions(inhibitions: readonly AlertInhibition[]) {
    this.#inhibitions = inhibitions;
  }

  /** Who is told of what, as it stands. */
  plan(): Plan {
    const { silences, channels } = this;
    return createPlan({ silences, channels, route: this.#route, inhibitions: this.#inhibitions });
  }

  #merge(): void {
    const builtin = DEFAULT_RULES.filter(({ id }) => !this.#saved.has(id));
    this.#rules = [...builtin, ...this.#saved.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}
