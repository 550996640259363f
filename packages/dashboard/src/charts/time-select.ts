import type { App } from "../app-context.ts";

/** A pointer that moved no more than this has not selected anything, px. */
const SLACK_PX = 6;
/** A finger rests this long before it selects; sooner, it scrolls, ms. */
const PRESS_MS = 350;

/**
 * Selects a stretch of time in a chart, from a pointer that was just put down
 * on it: what is dragged over becomes what the page shows. A finger has to
 * rest first, so that a swipe scrolls the page.
 * @param timeAt the instant at a place on the screen; `null` where there is none
 */
export function selectTime(
  app: App,
  plot: HTMLElement,
  down: PointerEvent,
  timeAt: (clientX: number) => number | null,
): void {
  const over = new AbortController();
  const { signal } = over;
  const touch = down.pointerType === "touch";
  let armed = !touch;
  let band: HTMLElement | null = null;
  let lastX = down.clientX;
  const press = setTimeout(() => {
    armed = true;
    if (touch) show(down.clientX);
  }, PRESS_MS);

  function end(): void {
    clearTimeout(press);
    over.abort();
    band?.remove();
  }
  function show(clientX: number): void {
    if (band === null) {
      band = document.createElement("i");
      band.className = "time-select";
      plot.append(band);
    }
    const { left, width } = plot.getBoundingClientRect();
    const [from, to] = [Math.min(down.clientX, clientX) - left, Math.max(down.clientX, clientX) - left];
    band.style.left = `${Math.max(0, from)}px`;
    band.style.width = `${Math.min(width, to) - Math.max(0, from)}px`;
  }
  plot.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerId !== down.pointerId) return;
      // It was let go before anybody listened.
      if (event.buttons === 0) return end();
      lastX = event.clientX;
      const moved = Math.abs(lastX - down.clientX) > SLACK_PX || Math.abs(event.clientY - down.clientY) > 2 * SLACK_PX;
      if (!armed && moved) return end();
      if (armed && (band !== null || Math.abs(lastX - down.clientX) > SLACK_PX)) {
        if (!plot.hasPointerCapture(down.pointerId)) plot.setPointerCapture(down.pointerId);
        show(lastX);
      }
    },
    { signal },
  );
  // Once it selects, the page under the finger stays where it is.
  plot.addEventListener("touchmove", (event) => armed && event.preventDefault(), { signal, passive: false });
  plot.addEventListener("pointercancel", end, { signal });
  plot.addEventListener(
    "pointerup",
    () => {
      const selected = band !== null && Math.abs(lastX - down.clientX) > SLACK_PX;
      end();
      if (!selected) return;
      // The click that ends a drag is none; where the browser sends none, the next one is.
      const quiet = new AbortController();
      plot.addEventListener("click", (event) => event.stopPropagation(), { capture: true, signal: quiet.signal });
      setTimeout(() => quiet.abort(), 0);
      const [a, b] = [timeAt(down.clientX), timeAt(lastX)];
      if (a !== null && b !== null) app.time.lookAt({ fromAt: Math.min(a, b), toAt: Math.max(a, b) });
    },
    { signal },
  );
}
