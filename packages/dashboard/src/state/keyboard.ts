import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** The parts of a `KeyboardEvent` that are used. */
export interface KeyEventLike {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly repeat: boolean;
  readonly defaultPrevented: boolean;
  readonly target: unknown;
  preventDefault(): void;
}

/** The part of `document` that is used. */
export interface KeyTargetLike {
  addEventListener(type: "keydown", listener: (event: KeyEventLike) => void): void;
  removeEventListener(type: "keydown", listener: (event: KeyEventLike) => void): void;
}

/** One shortcut, as the help dialog lists it. */
interface Shortcut {
  /**
   * Ways to call it. Each is one key (`?`, `t`, `space`, `escape`), keys one
   * after the other (`g o`), or a key with `mod+` for ⌘ or Ctrl (`mod+k`).
   * Letters are written small and work in either case.
   */
  readonly keys: readonly string[];
  /** What it does, for people. */
  readonly label: string;
  /** Heading it is listed under. */
  readonly group: string;
  readonly run: () => void;
}

/** The shortcuts of a page. */
export interface Keyboard {
  /** Everything that can be called now, in order of registration. */
  readonly shortcuts: ReadonlySignal<readonly Shortcut[]>;
  /** Whether shortcuts without `mod+` work (WCAG 2.1.4). Escape always does. */
  readonly singleKeys: Signal<boolean>;
  /** Adds a shortcut; of two with the same keys the later one runs. Returns the way to take it back. */
  register(shortcut: Shortcut): () => void;
  /** Stops listening. */
  close(): void;
}

/** Longest pause between the keys of a sequence, ms. */
const SEQUENCE_MS = 1500;
/** Elements that take keys for themselves. */
const TYPES_TEXT =
  "input:not([type='radio']):not([type='checkbox']), textarea, select, [contenteditable]:not([contenteditable='false']), [role='textbox']";
/** Elements that Space and Enter press. */
const PRESSABLE = "input, button, a[href], summary, [role='button'], [role='tab'], [role='menuitem'], [role='switch']";

/** Listens for shortcuts on `target`. @param now this machine's time, ms */
export function createKeyboard(
  target: KeyTargetLike = document as unknown as KeyTargetLike,
  options: { readonly singleKeys?: Signal<boolean>; readonly now?: () => number } = {},
): Keyboard {
  const { singleKeys = signal(true), now = () => Date.now() } = options;
  const shortcuts = signal<readonly Shortcut[]>([]);
  let typed = "";
  let typedAt = 0;

  function onKeyDown(event: KeyEventLike): void {
    if (event.defaultPrevented || event.isComposing || event.repeat || event.altKey) return;
    const name = nameOf(event);
    if (name === null || belongsToElement(event, name)) return;
    if (!singleKeys.peek() && !name.startsWith("mod+") && name !== "escape") return;
    const known = shortcuts.peek();
    const sequence = typed !== "" && now() - typedAt <= SEQUENCE_MS ? `${typed} ${name}` : name;
    const text = find(known, sequence) === undefined ? name : sequence;
    const found = find(known, text);
    typed = found === "started" ? text : "";
    typedAt = now();
    if (found === undefined || found === "started") return;
    event.preventDefault();
    found.run();
  }

  target.addEventListener("keydown", onKeyDown);
  return {
    shortcuts,
    singleKeys,
    register(shortcut) {
      shortcuts.value = [...shortcuts.peek(), shortcut];
      return () => {
        shortcuts.value = shortcuts.peek().filter((other) => other !== shortcut);
      };
    },
    close: () => target.removeEventListener("keydown", onKeyDown),
  };
}

/** The shortcut these keys call, `"started"` when they begin a longer one, or `undefined`. */
function find(shortcuts: readonly Shortcut[], text: string): Shortcut | "started" | undefined {
  const called = shortcuts.findLast(({ keys }) => keys.includes(text));
  if (called !== undefined) return called;
  return shortcuts.some(({ keys }) => keys.some((key) => key.startsWith(`${text} `))) ? "started" : undefined;
}

function nameOf(event: KeyEventLike): string | null {
  const { key } = event;
  if (["Shift", "Control", "Meta", "Alt", "AltGraph", "Dead", "Process", "Unidentified"].includes(key)) return null;
  const name = key === " " ? "space" : key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `mod+${name}` : name;
}

/** True when the focused element needs the key itself. */
function belongsToElement(event: KeyEventLike, name: string): boolean {
  if (name.startsWith("mod+")) return false;
  const element = event.target as { closest?: (selector: string) => unknown } | null;
  const within = (selector: string) => typeof element?.closest === "function" && element.closest(selector) !== null;
  if (within(TYPES_TEXT)) return true;
  return (name === "space" || name === "enter") && within(PRESSABLE);
}
