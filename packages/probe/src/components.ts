import type { ComponentKind, ComponentRow } from "@wsight/protocol";
import type { Guard } from "./guard.ts";
import type { Pulls } from "./pulls.ts";
import type { Redact } from "./redact.ts";
import type { Registry } from "./registry.ts";

/** Something the application depends on, whose state is shown. */
export interface Component {
  readonly kind: ComponentKind;
  readonly name: string;
  readonly library: string;
  /**
   * Resolves when it answered. Never more than one is under way; one that
   * takes longer than 2 s counts as no answer. Where there is nothing to ask,
   * `isUp` says it.
   */
  readonly ping?: (signal: AbortSignal) => Promise<unknown>;
  /** Read each medium tier where there is no ping. */
  readonly isUp?: () => boolean;
}

/** What components are watched with. */
export interface ComponentsContext {
  readonly registry: Registry;
  readonly guard: Guard;
  readonly pulls: Pulls;
  readonly redact: Redact;
  readonly now: () => number;
  readonly hr: () => number;
}

/** Asks each component each medium tier whether it is there, and how long that takes. */
export class Components {
  /** Grows when a row changed. */
  version = 0;
  readonly #rows = new Map<Component, ComponentRow>();
  readonly #context: ComponentsContext;

  constructor(context: ComponentsContext) {
    this.#context = context;
  }

  /** Watches one more. Returns how to end it. */
  add(component: Component): () => void {
    const { kind, name, library } = component;
    const since = this.#context.now();
    const row = {
      kind,
      name,
      library,
      state: "unknown",
      since,
      checkedAt: null,
      latencySeconds: null,
      error: null,
    } as const;
    this.#rows.set(component, row);
    this.version++;
    return () => {
      this.#rows.delete(component);
      this.version++;
    };
  }

  /** How each of them is. */
  rows(): readonly ComponentRow[] {
    return [...this.#rows.values()];
  }
}
