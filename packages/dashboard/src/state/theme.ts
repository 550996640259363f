import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { browserStorage, keepChoice, readChoice, type StorageLike } from "./storage.ts";

/** What can be chosen; `system` follows the system's preference. */
const THEMES = ["light", "dark", "system"] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** The part of a `MediaQueryList` for `(prefers-color-scheme: dark)` that is used. */
export interface MediaLike {
  readonly matches: boolean;
  addEventListener(type: "change", listener: () => void): void;
  removeEventListener(type: "change", listener: () => void): void;
}

/** The part of the root element that is used. */
export interface RootLike {
  readonly dataset: Record<string, string | undefined>;
}

/** Light or dark. */
export interface Theme {
  /** What was chosen; write it to change and keep it. @default "system" */
  readonly choice: Signal<ThemeChoice>;
  /** What is shown; also `data-theme` on the root element. */
  readonly shown: ReadonlySignal<"light" | "dark">;
  /** Goes to the next choice: light, dark, system. */
  cycle(): void;
  /** Lets go of the media query and the element. */
  close(): void;
}

/** Reads the theme, applies it to `root` and keeps both up to date. */
export function createTheme(
  storage: StorageLike | null = browserStorage(),
  media: MediaLike = matchMedia("(prefers-color-scheme: dark)"),
  root: RootLike = document.documentElement,
): Theme {
  const choice = signal<ThemeChoice>(readChoice(storage, "theme", THEMES) ?? "system");
  const systemDark = signal(media.matches);
  const shown = computed(() => (choice.value === "system" ? (systemDark.value ? "dark" : "light") : choice.value));
  const onChange = () => {
    systemDark.value = media.matches;
  };
  media.addEventListener("change", onChange);
  const stopApplying = effect(() => {
    root.dataset.theme = shown.value;
  });
  let kept = choice.peek();
  const stopKeeping = effect(() => {
    if (choice.value !== kept) keepChoice(storage, "theme", choice.value);
    kept = choice.value;
  });
  return {
    choice,
    shown,
    cycle() {
      choice.value = THEMES[(THEMES.indexOf(choice.peek()) + 1) % THEMES.length] ?? "system";
    },
    close() {
      media.removeEventListener("change", onChange);
      stopApplying();
      stopKeeping();
    },
  };
}
