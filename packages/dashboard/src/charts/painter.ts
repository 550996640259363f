import { type Signal, signal } from "@preact/signals";

/** `full`: as pictured · `thin`: 1-pixel lines, no fills · `slow`: thin, and charts drawn every 2 s. */
export type Fidelity = "full" | "thin" | "slow";

const THIN_ABOVE_MS = 12;
const SLOW_ABOVE_MS = 30;
const RECOVER_AFTER_MS = 30_000;
/** Draws that are looked at together: their median, so that one busy moment of the machine does not count. */
const JUDGED_DRAWS = 12;

interface Drawing {
  readonly draw: () => void;
  visible: boolean;
}

/**
 * Draws every canvas of the page, once per flush and when its size changes, and
 * only those in or near the viewport of a visible tab. It watches what drawing costs: above 12 ms a
 * frame it drops fills and wide lines, above 30 ms it also halves the cadence,
 * and goes back after 30 s under half of the limit.
 */
export class Painter {
  readonly fidelity: Signal<Fidelity> = signal<Fidelity>("full");
  readonly #drawings = new Map<Element, Drawing>();
  readonly #observer: IntersectionObserver;
  readonly #sizes: ResizeObserver;
  #costsMs: number[] = [];
  #calmSince: number | null = null;
  #paintedAt = 0;

  constructor() {
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "200px" });
    // A canvas keeps its pixels when its box changes; while paused no flush would draw them anew.
    this.#sizes = new ResizeObserver((entries) => this.#resized(entries));
  }

  /** Draws `draw` with every flush while `element` is near the viewport; returns how to stop. */
  add(element: Element, draw: () => void): () => void {
    this.#drawings.set(element, { draw, visible: false });
    this.#observer.observe(element);
    this.#sizes.observe(element);
    return () => {
      this.#observer.unobserve(element);
      this.#sizes.unobserve(element);
      this.#drawings.delete(element);
    };
  }

  /** One flush. `force` ignores the slow cadence: the view changed, not only the data. */
  paint(force: boolean): void {
    if (document.visibilityState !== "visible") return;
    const startedAt = performance.now();
    if (!force && this.fidelity.peek() === "slow" && startedAt - this.#paintedAt < 1900) return;
    this.#paintedAt = startedAt;
    for (const drawing of this.#drawings.values()) if (drawing.visible) drawing.draw();
    if (!force) this.#judge(performance.now() - startedAt, startedAt);
  }

  #judge(costMs: number, now: number): void {
    this.#costsMs.push(costMs);
    if (this.#costsMs.length < JUDGED_DRAWS) return;
    this.#costsMs = this.#costsMs.slice(-JUDGED_DRAWS);
    const median = [...this.#costsMs].sort((a, b) => a - b)[JUDGED_DRAWS / 2] ?? 0;
    const current = this.fidelity.peek();
    const limit = current === "slow" ? SLOW_ABOVE_MS : THIN_ABOVE_MS;
    if (median > SLOW_ABOVE_MS && current === "thin") this.#change("slow");
    else if (median > THIN_ABOVE_MS && current === "full") this.#change("thin");
    else if (current === "full" || median > limit / 2) this.#calmSince = null;
    else if (this.#calmSince === null) this.#calmSince = now;
    else if (now - this.#calmSince > RECOVER_AFTER_MS) this.#change(current === "slow" ? "thin" : "full");
  }

  #change(fidelity: Fidelity): void {
    this.fidelity.value = fidelity;
    this.#costsMs = [];
    this.#calmSince = null;
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const drawing = this.#drawings.get(entry.target);
      if (drawing === undefined) continue;
      const appeared = entry.isIntersecting && !drawing.visible;
      drawing.visible = entry.isIntersecting;
      if (appeared) drawing.draw();
    }
  }

  #resized(entries: readonly ResizeObserverEntry[]): void {
    for (const { target } of entries) {
      const drawing = this.#drawings.get(target);
      if (drawing?.visible === true) drawing.draw();
    }
  }
}
