import type { ComponentKind, ComponentRow, ComponentState } from "@wsight/protocol";
import type { Guard } from "./guard.ts";
import type { Distribution } from "./instruments/instruments.ts";
import type { Pulls } from "./pulls.ts";
import type { Redact } from "./redact.ts";
import type { Registry } from "./registry.ts";

/** Something the application depends on, whose state is shown. */
export interface Component {
  readonly kind: ComponentKind;
  readonly name: string;
  readonly library: string;
  /**
   * Resolves when it answered; with seconds where it measured the round trip itself, with `null` where there is a
   * connection that could not be asked and nothing was measured. Never more than one is under way; one that takes longer than 2 s counts as no answer,
   * and its signal is aborted. Rejects with the reason, or with {@link NotAskable} while there is nobody to ask yet.
   * Must not keep the process alive, and must not wait in a queue for a connection. What it resolves with is ignored,
   * unless it is a {@link PingAnswer}.
   */
  readonly ping?: (signal: AbortSignal) => Promise<unknown>;
  /** Read each medium tier where there is no ping. */
  readonly isUp?: () => boolean;
}

/** What a ping may resolve with where it took another time to answer than from the ping to its end. */
export class PingAnswer {
  /** Seconds of the round trip alone; `null` where nobody was asked, because it was seen to answer others. */
  readonly seconds: number | null;

  constructor(seconds: number | null) {
    this.seconds = seconds;
  }
}

/** A ping that was not made: the client was not connected so far. The component stays `unknown` and is asked again soon. */
export class NotAskable extends Error {
  override readonly name = "NotAskable";
}

/** What components are watched with. */
export interface ComponentsContext {
  readonly registry: Registry;
  readonly guard: Guard;
  readonly pulls: Pulls;
  readonly redact: Redact;
  /** Wall clock, ms epoch. */
  readonly now: () => number;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
}

interface Entry {
  readonly component: Component;
  readonly latency: Distribution | null;
  state: ComponentState;
  since: number;
  checkedAt: number | null;
  latencySeconds: number | null;
  error: string | null;
  /** A ping that has not settled, however late it is. */
  inFlight: boolean;
  again: NodeJS.Timeout | undefined;
  cancel: AbortController | null;
  removed: boolean;
}

/** How long a ping may take. */
const TIMEOUT_MS = 2000;
/** Pings that are waited for at once; further ones take their turn. */
const MAX_WAITED = 16;
/** When to ask again where there was nobody to ask yet. */
const AGAIN_MS = 250;
const MAX_ERROR_LENGTH = 200;

/**
 * Asks each component each medium tier whether it is there, and how long that takes.
 *
 * A component is `unknown` until its first ping was answered or failed, then `up` or `down`. A ping that is not
 * answered in time makes it `down` and is abandoned, yet stays *in flight* until it settles: meanwhile no other is
 * made, so that a server that hangs never collects pings. When it is answered after all, the component
 * is asked anew at once.
 */
export class Components {
  /** Grows when a row changed: at once with state and error, each medium tier with latency and time. */
  version = 0;
  readonly #entries = new Map<Component, Entry>();
  readonly #waiting = new Set<Entry>();
  readonly #context: ComponentsContext;
  #waited = 0;

  constructor(context: ComponentsContext) {
    this.#context = context;
    context.pulls.add({ name: "components", tier: "medium", read: () => this.#lookAtAll() });
  }

  /** Watches one more, and asks it at once. Returns how to end it. */
  add(component: Component): () => void {
    const { registry, now } = this.#context;
    const labels = { "component.kind": component.kind, "component.name": component.name };
    const entry: Entry = {
      component,
      latency: component.ping === undefined ? null : registry.histogram("wsight.component.latency", labels),
      state: "unknown",
      since: now(),
      checkedAt: null,
      latencySeconds: null,
      error: null,
      inFlight: false,
      again: undefined,
      cancel: null,
      removed: false,
    };
    this.#entries.set(component, entry);
    this.version++;
    const endGauge = registry.gauge("wsight.component.up", labels, () => upValue(entry.state));
    this.#askIn(entry, 0);
    return () => {
      entry.removed = true;
      clearTimeout(entry.again);
      entry.cancel?.abort();
      endGauge();
      this.#waiting.delete(entry);
      if (this.#entries.get(component) === entry) this.#entries.delete(component);
      this.version++;
    };
  }

  /** How each of them is. */
  rows(): readonly ComponentRow[] {
    return [...this.#entries.values()].map(({ component, state, since, checkedAt, latencySeconds, error }) => ({
      kind: component.kind,
      name: component.name,
      library: component.library,
      state,
      since,
      checkedAt,
      latencySeconds,
      error,
    }));
  }

  #lookAtAll(): void {
    // What the last round measured is told with this one.
    if (this.#entries.size > 0) this.version++;
    for (const entry of this.#entries.values()) this.#look(entry);
  }

  #look(entry: Entry): void {
    if (entry.component.ping !== undefined) this.#ask(entry);
    else this.#read(entry, entry.component.isUp);
  }

  #read(entry: Entry, isUp: (() => boolean) | undefined): void {
    if (isUp === undefined) return;
    const up = this.#context.guard.run<boolean | null>("gauge", isUp, null, entry.component.name);
    this.#settle(entry, up === null ? "unknown" : up ? "up" : "down", null);
  }

  #ask(entry: Entry): void {
    if (entry.inFlight || entry.removed) return;
    clearTimeout(entry.again);
    if (this.#waited < MAX_WAITED) this.#ping(entry);
    else this.#waiting.add(entry);
  }

  #askIn(entry: Entry, ms: number): void {
    if (entry.removed) return;
    clearTimeout(entry.again);
    entry.again = setTimeout(() => this.#look(entry), ms);
    entry.again.unref();
  }

  #ping(entry: Entry): void {
    const { hr } = this.#context;
    const cancel = new AbortController();
    const begin = hr();
    let isLate = false;
    entry.inFlight = true;
    entry.cancel = cancel;
    this.#waited++;
    const timer = setTimeout(() => {
      isLate = true;
      this.#settle(entry, "down", `no answer within ${TIMEOUT_MS / 1000} s`);
      this.#next();
      cancel.abort();
    }, TIMEOUT_MS);
    timer.unref();
    const settled = (settle: () => void): void => {
      clearTimeout(timer);
      entry.inFlight = false;
      if (isLate) return;
      settle();
      this.#next();
    };
    ping(entry.component, cancel.signal).then(
      (answer) => {
        settled(() =>
          this.#answered(entry, typeof answer === "number" || answer === null ? answer : (hr() - begin) / 1000),
        );
        // Too late to count, yet it is back.
        if (isLate) this.#askIn(entry, 0);
      },
      (error) => settled(() => this.#failed(entry, error)),
    );
  }

  /** A ping is no longer waited for: the next may begin. */
  #next(): void {
    this.#waited--;
    const [entry] = this.#waiting;
    if (entry === undefined) return;
    this.#waiting.delete(entry);
    this.#ping(entry);
  }

  #answered(entry: Entry, seconds: number | null): void {
    if (entry.removed) return;
    entry.latencySeconds = seconds;
    if (seconds !== null) entry.latency?.record(seconds);
    this.#settle(entry, "up", null);
  }

  #failed(entry: Entry, error: unknown): void {
    const isAskable = !(error instanceof NotAskable);
    this.#settle(entry, isAskable ? "down" : "unknown", this.#reason(error));
    if (!isAskable) this.#askIn(entry, AGAIN_MS);
  }

  #settle(entry: Entry, state: ComponentState, error: string | null): void {
    if (entry.removed) return;
    const at = this.#context.now();
    // A first answer is worth telling at once, later ones each medium tier.
    if (entry.state !== state || entry.error !== error || entry.checkedAt === null) this.version++;
    if (entry.state !== state) entry.since = at;
    entry.state = state;
    entry.error = error;
    entry.checkedAt = at;
  }

  #reason(error: unknown): string {
    const { guard, redact } = this.#context;
    return guard
      .run("gauge", () => redact(messageOf(error)).replaceAll(/\s+/g, " "), "failed")
      .slice(0, MAX_ERROR_LENGTH);
  }
}

/** A ping that throws is one that failed. */
async function ping(component: Component, signal: AbortSignal): Promise<unknown> {
  return component.ping?.(signal);
}

function upValue(state: ComponentState): number {
  if (state === "unknown") return Number.NaN;
  return state === "up" ? 1 : 0;
}

/** Errors of several addresses tried at once have no message of their own. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 1000);
  const { errors, code } = error as { errors?: unknown; code?: unknown };
  if (error.message !== "") return error.message.slice(0, 1000);
  if (Array.isArray(errors) && errors[0] instanceof Error) return messageOf(errors[0]);
  return typeof code === "string" ? code : error.name;
}
