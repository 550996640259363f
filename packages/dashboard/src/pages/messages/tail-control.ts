import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { parseTailSearch, WsightError } from "@wsight/protocol";
import type { App } from "../../app-context.ts";
import { TailBuffer } from "./tail-buffer.ts";

/** Messages a second that are asked for unless somebody says otherwise. */
const PER_SECOND = 10;
/** Time after the last key press until another search is asked for, ms. */
const TYPING_MS = 400;
/** A page that nobody sees for so long needs no tail, ms. */
const HIDDEN_MS = 30_000;

/**
 * `off`: until somebody switches it on · `on`: the hub was asked ·
 * `away`: was on, and ended because the page was hidden for 30 s.
 */
export type TailState = "off" | "on" | "away";

/** The live tail of one page: what is asked for, what came, and when it ends. Ends with {@link close}. */
export class TailControl {
  readonly state: Signal<TailState> = signal<TailState>("off");
  readonly search: Signal<string>;
  readonly perSecond: Signal<number> = signal(PER_SECOND);
  /** What is wrong with the search, `null` when nothing is. */
  readonly mistake: Signal<string | null> = signal<string | null>(null);
  /** Grows when the buffer changed. */
  readonly changed: Signal<number> = signal(0);
  /** Why the tail stands still, `null` while it flows. */
  readonly reason: ReadonlySignal<ReadonlySet<string>>;
  readonly buffer: TailBuffer = new TailBuffer();
  readonly #app: App;
  readonly #reason: Signal<ReadonlySet<string>> = signal(new Set<string>());
  readonly #onVisibility: () => void;
  #end: (() => void) | null = null;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, search: string) {
    this.#app = app;
    this.reason = this.#reason;
    this.search = signal(search);
    this.mistake.value = findMistake(search);
    this.#onVisibility = () => this.#watchLeaving();
    document.addEventListener("visibilitychange", this.#onVisibility);
  }

  /** Switches it on or off. A search that makes no sense keeps it off. */
  toggle(on: boolean): void {
    if (on && this.mistake.peek() !== null) return;
    this.state.value = on ? "on" : "off";
    this.ask();
  }

  /** Another search, asked for once nobody types any more. */
  type(search: string): void {
    this.search.value = search;
    this.mistake.value = findMistake(search);
    clearTimeout(this.#typing);
    if (this.mistake.peek() === null) this.#typing = setTimeout(() => this.ask(), TYPING_MS);
  }

  /** Another rate. */
  pace(perSecond: number): void {
    this.perSecond.value = perSecond;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.ask(), TYPING_MS);
  }

  /** Asks the hub for what is wanted as of now, or ends it. */
  ask(): void {
    clearTimeout(this.#typing);
    this.#end?.();
    this.#end = null;
    if (this.state.peek() !== "on" || this.mistake.peek() !== null) return;
    const { live } = this.#app;
    const wish = { search: this.search.peek(), node: live.node.peek(), perSecond: this.perSecond.peek() };
    this.#end = live.tail(wish, (batch) => {
      this.buffer.take(batch);
      this.#note();
    });
  }

  /** Somebody reads, or no longer does: rows stand still while there is any reason to. */
  still(reason: string, there: boolean): void {
    const reasons = new Set(this.#reason.peek());
    if (reasons.has(reason) === there) return;
    if (there) reasons.add(reason);
    else reasons.delete(reason);
    this.#reason.value = reasons;
    if (reasons.size > 0) this.buffer.hold();
    else this.buffer.flow();
    this.#note();
  }

  /** Forgets what came. */
  clear(): void {
    this.buffer.clear();
    this.#note();
  }

  /** Ends everything; safe to call twice. */
  close(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#leaving);
    this.toggle(false);
  }

  #note(): void {
    this.changed.value = this.changed.peek() + 1;
  }

  #watchLeaving(): void {
    clearTimeout(this.#leaving);
    if (document.visibilityState !== "hidden" || this.state.peek() !== "on") return;
    this.#leaving = setTimeout(() => {
      this.state.value = "away";
      this.ask();
    }, HIDDEN_MS);
  }
}

function findMistake(search: string): string | null {
  try {
    parseTailSearch(search);
    return null;
  } catch (error) {
    return error instanceof WsightError ? error.message : String(error);
  }
}
