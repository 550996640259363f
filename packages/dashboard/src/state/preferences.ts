import { effect, type Signal, signal } from "@preact/signals";
import { browserStorage, keepChoice, readChoice, type StorageLike } from "./storage.ts";

/** How much air rows and cards have. */
const DENSITIES = ["cosy", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

/** Which wall clock labels show. */
const TIME_ZONES = ["local", "utc"] as const;
export type TimeZone = (typeof TIME_ZONES)[number];

const SWITCH = ["on", "off"] as const;

/** What a person set for this browser; write a signal to change and keep it. */
export interface Preferences {
  /** @default "cosy" */
  readonly density: Signal<Density>;
  /** @default "local" */
  readonly timeZone: Signal<TimeZone>;
  /** Whether shortcuts of one plain key work (WCAG 2.1.4). @default true */
  readonly singleKeys: Signal<boolean>;
  /** Thin lines and no fills, whatever drawing costs. @default false */
  readonly reduceDrawing: Signal<boolean>;
  /** Stops keeping changes. */
  close(): void;
}

/** Reads the preferences and keeps them from now on. Storage may be missing or refuse. */
export function createPreferences(storage: StorageLike | null = browserStorage()): Preferences {
  const density = signal(readChoice(storage, "density", DENSITIES) ?? "cosy");
  const timeZone = signal(readChoice(storage, "time-zone", TIME_ZONES) ?? "local");
  const singleKeys = signal(readChoice(storage, "single-keys", SWITCH) !== "off");
  const reduceDrawing = signal(readChoice(storage, "reduce-drawing", SWITCH) === "on");
  const stops = [
    keep(storage, "density", () => density.value),
    keep(storage, "time-zone", () => timeZone.value),
    keep(storage, "single-keys", () => (singleKeys.value ? "on" : "off")),
    keep(storage, "reduce-drawing", () => (reduceDrawing.value ? "on" : "off")),
  ];
  return {
    density,
    timeZone,
    singleKeys,
    reduceDrawing,
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** Keeps what `read` says whenever it changes; a default that nobody chose is not written. */
function keep(storage: StorageLike | null, key: string, read: () => string): () => void {
  let known: string | null = null;
  return effect(() => {
    const word = read();
    if (known !== null && known !== word) keepChoice(storage, key, word);
    known = word;
  });
}
