import { describe, type Finding, WsightError } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "./integration.ts";
import { integrations } from "./integrations/index.ts";
import { watchedTargets } from "./watched.ts";

/** A watched target. */
export interface Attachment {
  /** What was found there, as it stands now. */
  readonly finding: Finding;
  /** Stops watching and undoes everything; safe to call twice. */
  detach(): void;
}

interface Watched {
  readonly name: string;
  readonly handle: IntegrationHandle;
  readonly attachment: Attachment;
}

/** What a probe watches. */
export class Attachments {
  readonly #context: ProbeContext;
  readonly #changed: () => void;
  readonly #watched = new Map<object, Watched>();
  readonly #names = new Set<string>();

  /** @param changed called when something more is watched, or less */
  constructor(context: ProbeContext, changed: () => void) {
    this.#context = context;
    this.#changed = changed;
  }

  /**
   * Watches a target by the integration that knows it; what is watched already stays as it is.
   * @throws WsightError `BAD_OPTION` when none does
   */
  attach(target: unknown, wanted: string | undefined): Attachment {
    const integration = integrations.find(({ detect }) => detect(target));
    if (integration === undefined || !isThing(target)) {
      const known = integrations.map(({ library }) => library).join(", ");
      throw new WsightError("BAD_OPTION", `attach: expected something of ${known}, got ${describe(target)}`);
    }
    const known = this.#watched.get(target);
    if (known !== undefined) return known.attachment;
    const everywhere = watchedTargets();
    if (everywhere.has(target)) return alreadyWatched(integration);
    const name = this.#freeName(wanted ?? integration.library);
    const handle = integration.attach(target, name, this.#context);
    this.#names.add(name);
    everywhere.add(target);
    const attachment: Attachment = {
      get finding() {
        return handle.finding();
      },
      detach: () => this.#detach(target),
    };
    this.#watched.set(target, { name, handle, attachment });
    this.#changed();
    return attachment;
  }

  /** What was found, as it stands now. */
  findings(): readonly Finding[] {
    return [...this.#watched.values()].map(({ handle }) => handle.finding());
  }

  /** Detaches from everything. */
  end(): void {
    for (const target of [...this.#watched.keys()]) this.#detach(target);
  }

  #detach(target: object): void {
    const known = this.#watched.get(target);
    if (known === undefined) return;
    this.#watched.delete(target);
    this.#names.delete(known.name);
    watchedTargets().delete(target);
    this.#context.guard.run("detach", known.handle.detach, undefined);
    this.#changed();
  }

  /** Of two servers with one name the second is called `name-2`. A name is free again after detaching. */
  #freeName(wanted: string): string {
    const base = wanted.slice(0, 56);
    let name = base;
    for (let count = 2; this.#names.has(name); count++) name = `${base}-${count}`;
    return name;
  }
}

function isThing(target: unknown): target is object {
  return (typeof target === "object" && target !== null) || typeof target === "function";
}

function alreadyWatched({ library }: Integration): Attachment {
  const notes = ["watched by another probe of this process already"];
  return { finding: { library, server: library, version: null, state: "partial", notes }, detach: () => undefined };
}
