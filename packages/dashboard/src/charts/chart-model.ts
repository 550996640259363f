import { type Signal, signal } from "@preact/signals";
import type { Selector } from "@wsight/protocol";
import type { App, ChartMarks } from "../app-context.ts";
import { axisTime } from "../format/clock.ts";
import type { Past, SeriesRing } from "../state/index.ts";
import { LinePlot, type LineStyle } from "./line-plot.ts";
import type { PlotLimit } from "./plot-marks.ts";
import type { Stack } from "./stack.ts";
import { type WindowData, WindowReader } from "./window-data.ts";
import { YRange } from "./y-range.ts";

/** What a {@link ChartModel} is made for. */
export interface ChartSpec {
  readonly id: string;
  readonly lines: readonly LineStyle[];
  readonly rings: readonly SeriesRing[];
  /** What its lines show, for what alerts say of that. */
  readonly selectors: readonly Selector[];
  /** Lowest first. */
  readonly limits: readonly PlotLimit[];
  /** Puts the lines on top of each other; what is read and told stays their own. */
  readonly stack: Stack | null;
  /** Top of the y-axis where it is not the data's to say. */
  readonly top: number | null;
  readonly formatY: (value: number) => string;
}

/** The newest value counts as current for this long; older it is unknown. */
const CURRENT_STEPS = 3;
const NO_MARKS: ReturnType<ChartMarks["of"]> = { limits: [], bands: [] };
/** A limit at most this many times the highest value is in the picture; one further away would flatten the lines. */
const LIMIT_REACH = 3;

/**
 * One live chart between its element and the data: reads the window with each
 * flush, lets uPlot draw it, and translates between pixels, steps and times.
 */
export class ChartModel {
  /** Grows with every draw, for what is shown beside the canvas. */
  readonly drawn: Signal<number> = signal(0);
  readonly #app: App;
  readonly #spec: ChartSpec;
  readonly #reader: WindowReader;
  #range = new YRange();
  /** The past that the range was made for. */
  #past: Past | null = null;
  readonly #host: HTMLElement;
  #plot: LinePlot | null = null;
  /** What is drawn: the data, or the data stacked. */
  #shown: WindowData | null = null;
  /** Where the pointer rests over the plot, CSS pixels; the time under it moves on with the data. */
  #pointerX: number | null = null;
  #marksOf: ChartMarks | null = null;
  #node: string | null = null;
  #marks: ReturnType<ChartMarks["of"]> = NO_MARKS;

  constructor(app: App, host: HTMLElement, spec: ChartSpec) {
    this.#app = app;
    this.#host = host;
    this.#spec = spec;
    this.#reader = new WindowReader(spec.lines.length);
  }

  /** The window that was drawn last. */
  get data(): WindowData {
    return this.#reader.data;
  }

  /** True when the window that was drawn last is of the past. */
  get past(): boolean {
    return this.#past !== null;
  }

  /** Limits that are drawn, and alerts of the window, in words; empty for none. */
  get marked(): string {
    const { limits, bands } = this.#alertMarks();
    const [from = 0] = this.data.at;
    const seen = bands.filter(
      ({ fromAt, toAt }) => fromAt / 1000 <= (this.data.at.at(-1) ?? 0) && (toAt ?? 1e14) / 1000 >= from,
    );
    return [...limits, ...seen].map(({ label }) => ` ${label}.`).join("");
  }

  /** Reads and draws the window as it is now. */
  draw(): void {
    const { live, palette, painter, preferences, clock, viewMs } = this.#app;
    const stepMs = live.stepMs.peek();
    const toAt = Math.floor(live.edge.peek() / stepMs) * stepMs;
    const windowMs = viewMs.peek();
    const data = this.#reader.read(this.#spec.rings, toAt, windowMs, stepMs);
    const shown = this.#spec.stack?.(data) ?? data;
    const zone = clock.peek();
    if (this.#past !== live.past.peek()) {
      // Another time has a scale of its own at once.
      this.#past = live.past.peek();
      this.#range = new YRange();
    }
    const { limits, bands } = this.#alertMarks();
    const view = {
      fromAt: toAt - windowMs,
      toAt,
      top: this.#spec.top ?? this.#range.next(reach(limits, shown.max), toAt),
      palette: palette.peek(),
      thin: preferences.reduceDrawing.peek() || painter.fidelity.peek() !== "full",
      limits,
      bands,
      formatY: this.#spec.formatY,
      formatX: (at: number) => axisTime(zone, at, windowMs),
    };
    this.#shown = shown;
    if (this.#plot === null) this.#plot = new LinePlot(this.#host, this.#spec.lines, shown, view);
    else this.#plot.draw(shown, view);
    this.#followPointer();
    this.drawn.value = this.drawn.peek() + 1;
  }

  /** Puts the shared cursor under the pointer; `null` takes it away unless it is pinned. */
  point(clientX: number | null): void {
    const { cursor } = this.#app;
    if (cursor.pinned.peek()) return;
    this.#pointerX = clientX === null ? null : clientX - this.#host.getBoundingClientRect().left;
    if (this.#pointerX !== null) this.#followPointer();
    else if (cursor.owner.peek() === this.#spec.id) {
      cursor.owner.value = null;
      cursor.at.value = null;
    }
  }

  /** Moves the shared cursor to a step of the window, kept inside what is known. */
  moveTo(index: number): void {
    const { data } = this;
    if (data.first < 0) return;
    this.#pointerX = null;
    const kept = Math.min(data.last, Math.max(data.first, index));
    this.#app.cursor.owner.value = this.#spec.id;
    this.#app.cursor.at.value = (data.at[kept] ?? 0) * 1000;
  }

  /** The step of an instant, −1 outside the window. */
  indexOf(at: number | null): number {
    if (at === null || this.data.at.length === 0) return -1;
    const index = Math.round((at / 1000 - (this.data.at[0] ?? 0)) / this.data.stepS);
    return index >= 0 && index < this.data.at.length ? index : -1;
  }

  /** Values at a step; at the newest one when `at` is `null` and it is current. */
  valuesAt(at: number | null): readonly (number | null)[] {
    const { rows, last } = this.data;
    const index = at === null ? this.#currentIndex(last) : this.indexOf(at);
    return rows.map((row) => row[index] ?? null);
  }

  /** Where a step and its values are inside the host, CSS pixels; `null` before the first draw. */
  place(index: number): { readonly x: number; readonly top: number; readonly height: number } | null {
    if (this.#plot === null || index < 0) return null;
    const { left, top, width, height } = this.#plot.area;
    return { x: left + (index / Math.max(1, this.data.at.length - 1)) * width, top, height };
  }

  /** CSS pixels from the host's top to where a line is at a step; `null` where it has no value. */
  yAt(line: number, index: number): number | null {
    const value = this.#shown?.rows[line]?.[index] ?? null;
    return this.#plot === null || value === null ? null : this.#plot.area.top + this.#plot.yOf(value);
  }

  /** The instant at a place on the screen, ms epoch, kept inside the window; `null` before the first draw. */
  timeAt(clientX: number): number | null {
    const { at } = this.data;
    if (this.#plot === null || at.length === 0) return null;
    const { left, width } = this.#plot.area;
    const x = clientX - this.#host.getBoundingClientRect().left - left;
    const share = Math.min(1, Math.max(0, x / Math.max(1, width)));
    const [first = 0, last = 0] = [at[0], at.at(-1)];
    return (first + share * (last - first)) * 1000;
  }

  /** Frees everything. Safe to call twice. */
  destroy(): void {
    const { cursor } = this.#app;
    if (cursor.owner.peek() === this.#spec.id) cursor.owner.value = null;
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** Its own limits, else those of rules about its lines. */
  #alertMarks(): ReturnType<ChartMarks["of"]> {
    const { chartMarks, live } = this.#app;
    const [marks, node] = [chartMarks.peek(), live.node.peek()];
    if (marks !== this.#marksOf || node !== this.#node) {
      this.#marks = marks?.of(this.#spec.selectors.map(figureOf), node) ?? NO_MARKS;
      this.#marksOf = marks;
      this.#node = node;
    }
    const { limits, bands } = this.#marks;
    return { limits: limits.length > 0 ? limits : this.#spec.limits, bands };
  }

  #currentIndex(last: number): number {
    const { live } = this.#app;
    // Without a connection everything is old and says so; its last value is then better than none.
    if (live.past.peek() === null && live.status.peek().state === "offline") return last;
    const end = this.data.at.length - 1;
    return end - last <= CURRENT_STEPS ? last : -1;
  }

  #followPointer(): void {
    if (this.#pointerX === null || this.#plot === null) return;
    const { left, width } = this.#plot.area;
    const share = Math.min(1, Math.max(0, (this.#pointerX - left) / Math.max(1, width)));
    const index = Math.round(share * (this.data.at.length - 1));
    this.#app.cursor.owner.value = this.#spec.id;
    this.#app.cursor.at.value = (this.data.at[index] ?? 0) * 1000;
  }
}

function figureOf({ metric, agg, where, node }: Selector): Parameters<ChartMarks["of"]>[0][number] {
  return { metric, agg, ...(where && { where }), ...(node && { nodes: [node] }) };
}

/** The highest value that has to fit. */
function reach([lowest]: readonly PlotLimit[], max: number): number {
  const limit = lowest?.value ?? 0;
  return limit <= max * LIMIT_REACH ? Math.max(max, limit) : max;
}
