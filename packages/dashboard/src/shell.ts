import { batch, computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { App, ChartMarks, OpenDialog, RailMarks } from "./app-context.ts";
import { clearCursor, createCursor } from "./charts/cursor.ts";
import { Painter } from "./charts/painter.ts";
import { type Palette, readPalette } from "./charts/palette.ts";
import type { DataTable } from "./components/table-data.ts";
import { createToasts, type Toasts } from "./components/toast-queue.ts";
import { createClock } from "./format/clock.ts";
import { PAGES } from "./pages/index.ts";
import { createPastControl, WINDOWS } from "./past-control.ts";
import { RAIL_SELECTOR } from "./rail-selector.ts";
import type { Keyboard, LiveState, OnScreen, Past, Preferences, Route, Theme } from "./state/index.ts";

/** What every page needs: the rail, the nodes and the hub. */
export const shellOnScreen: OnScreen = { series: [RAIL_SELECTOR], tables: ["nodes", "hub"] };

const SAY_AFTER_MS = 150;
const WINDOWS_MS = [300_000, 900_000] as const;
const VIEWS_MS = [60_000, 120_000, 300_000] as const;

/** What the page is made from. */
export interface AppParts {
  readonly live: LiveState;
  readonly route: Route;
  readonly theme: Theme;
  readonly preferences: Preferences;
  readonly keyboard: Keyboard;
}

/** Puts the app together; nothing of it is a module's own state. */
export function createApp(parts: AppParts): App {
  const { preferences, theme } = parts;
  const second = createSecond();
  const toasts = createToasts();
  const said = signal("");
  let saying: ReturnType<typeof setTimeout> | undefined;
  const app: App = {
    ...parts,
    palette: createPalette(theme),
    clock: computed(() => createClock(preferences.timeZone.value)),
    painter: new Painter(),
    time: createPastControl({ live: parts.live, route: parts.route, toasts }),
    viewMs: computed(() => viewLength(parts.live)),
    cursor: createCursor(),
    railMarks: signal<RailMarks | null>(null),
    chartMarks: signal<ChartMarks | null>(null),
    toasts,
    dialog: signal<OpenDialog>(null),
    dataTable: signal<DataTable | null>(null),
    second,
    said,
    say(text) {
      clearTimeout(saying);
      saying = setTimeout(() => {
        said.value = text;
      }, SAY_AFTER_MS);
    },
    copy: (text, what) => copyText(text, what, toasts),
  };
  followRoute(app);
  paintOnTick(app);
  effect(() => {
    document.documentElement.dataset.density = preferences.density.value;
  });
  registerShortcuts(app);
  return app;
}

/**
 * A process that began a minute ago would leave most of a chart empty, so the
 * view grows with what is known, in few steps, until it is the chosen window.
 */
function viewLength(live: LiveState): number {
  const past = live.past.value;
  if (past !== null) return past.toAt - past.fromAt - past.stepMs;
  const chosen = live.windowMs.value;
  const starts = live.table("nodes").value?.map(({ startedAt }) => startedAt) ?? [];
  const hub = live.table("hub").value;
  if (starts.length === 0 || hub === null) return chosen;
  const knownMs = live.now.value - Math.max(hub.startedAt, Math.min(...starts));
  return VIEWS_MS.find((viewMs) => viewMs >= knownMs && viewMs < chosen) ?? chosen;
}

/** The address says which node and window; only windows that are held live can be shown. */
function followRoute({ live, route }: App): void {
  effect(() => {
    const wanted = route.windowMs.value;
    const node = route.node.value;
    batch(() => {
      live.node.value = node;
      live.windowMs.value = WINDOWS_MS.find((windowMs) => windowMs >= wanted) ?? WINDOWS_MS[1];
    });
  });
}

function paintOnTick({ live, painter, viewMs, palette, clock, preferences, cursor, chartMarks }: App): void {
  let view = "";
  let shown: Past | null = null;
  let marked: ChartMarks | null = null;
  effect(() => {
    live.tick.value;
    const past = live.past.value;
    const key = [
      viewMs.value,
      live.node.value,
      live.paused.value,
      painter.fidelity.value,
      preferences.reduceDrawing.value,
      clock.value.zone,
      palette.value.surface,
    ].join();
    const marks = chartMarks.value;
    const force = key !== view || past !== shown || marks !== marked;
    view = key;
    marked = marks;
    shown = past;
    // The past stands still.
    if (past !== null && !force) return;
    // Drawing reads and writes signals of its own; none of them is a reason to draw again.
    untracked(() => painter.paint(force));
  });
  effect(() => {
    viewMs.value;
    live.node.value;
    live.past.value;
    batch(() => clearCursor(cursor));
  });
}

function createSecond(): ReadonlySignal<number> {
  const second = signal(Date.now());
  setInterval(() => {
    second.value = Date.now();
  }, 1000);
  return second;
}

/** Colours as they are now; asked for again when theme, contrast or forced colours change. */
function createPalette(theme: Theme): ReadonlySignal<Palette> {
  const palette = signal(readPalette(document.documentElement));
  const read = () => {
    palette.value = readPalette(document.documentElement);
  };
  effect(() => {
    theme.shown.value;
    read();
  });
  for (const query of ["(prefers-contrast: more)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", read);
  }
  return palette;
}

function copyText(text: string, what: string, toasts: Toasts): void {
  // Without a secure context (plain http on a LAN) there is no clipboard.
  if (navigator.clipboard === undefined) {
    toasts.show(`This page may not use the clipboard. Copy by hand: ${text}`, "crit");
    return;
  }
  navigator.clipboard.writeText(text).then(
    () => toasts.show(`${what} copied`),
    () => toasts.show(`The browser refused to copy. By hand: ${text}`, "crit"),
  );
}

function registerShortcuts(app: App): void {
  const { live, route, theme, keyboard } = app;
  const open = (dialog: OpenDialog) => () => {
    app.dialog.value = app.dialog.peek() === dialog ? null : dialog;
  };
  const shortcuts = [
    { group: "Anywhere", keys: ["mod+k", "/"], label: "Search or jump to", run: open("palette") },
    { group: "Anywhere", keys: ["?"], label: "Keyboard shortcuts", run: open("help") },
    { group: "Anywhere", keys: ["t"], label: "Change theme", run: () => theme.cycle() },
    ...PAGES.map(({ id, title, key }) => ({
      group: "Anywhere",
      keys: [`g ${key}`],
      label: `Go to ${title}`,
      run: () => route.navigate({ page: id, params: {} }),
    })),
    {
      group: "Time",
      keys: ["space"],
      label: "Pause, go on",
      run: () => {
        if (live.past.peek() === null) live.paused.value = !live.paused.peek();
      },
    },
    {
      group: "Time",
      keys: ["l"],
      label: "Return to live",
      run: () => app.time.goLive(),
    },
    ...WINDOWS.map(({ ms, title }, index) => ({
      group: "Time",
      keys: [String(index + 1)],
      label: title,
      run: () => app.time.show(ms),
    })),
  ];
  for (const shortcut of shortcuts) keyboard.register(shortcut);
}
