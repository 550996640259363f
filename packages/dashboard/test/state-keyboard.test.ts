import { beforeEach, describe, expect, it } from "vitest";
import { createKeyboard, type Keyboard, type KeyEventLike } from "../src/state/index.ts";

let listeners: Set<(event: KeyEventLike) => void>;
let now: number;
let ran: string[];
let keyboard: Keyboard;

beforeEach(() => {
  listeners = new Set();
  now = 0;
  ran = [];
  const target = {
    addEventListener: (_type: "keydown", listener: (event: KeyEventLike) => void) => void listeners.add(listener),
    removeEventListener: (_type: "keydown", listener: (event: KeyEventLike) => void) => void listeners.delete(listener),
  };
  keyboard = createKeyboard(target, { now: () => now });
  for (const keys of [["space"], ["?"], ["g o"], ["g c"], ["t"], ["mod+k", "/"], ["escape"], ["c"]]) {
    keyboard.register({ keys, label: keys.join(), group: "All", run: () => ran.push(keys.join()) });
  }
});

/** Presses a key; says whether its default was prevented. `inside` is a word its focused element answers to. */
function press(key: string, change: Partial<KeyEventLike> & { inside?: string } = {}): boolean {
  let prevented = false;
  const { inside, ...rest } = change;
  const closest = (selector: string) => (inside !== undefined && selector.split(", ").includes(inside) ? {} : null);
  const event: KeyEventLike = {
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    isComposing: false,
    repeat: false,
    defaultPrevented: false,
    target: { closest },
    preventDefault: () => {
      prevented = true;
    },
    ...rest,
  };
  for (const listener of listeners) listener(event);
  return prevented;
}

describe("the keyboard", () => {
  it("leaves a radio button or a checkbox its space, and takes letters", () => {
    press("t", { inside: "input" });
    expect(ran).toEqual(["t"]);
    expect(press(" ", { inside: "input" })).toBe(false);
  });

  it("runs single keys, combinations and sequences, in either case", () => {
    expect(press(" ")).toBe(true);
    press("?");
    press("T");
    press("k", { metaKey: true });
    press("k", { ctrlKey: true });
    press("/");
    expect(press("g")).toBe(false);
    press("o");
    expect(ran).toEqual(["space", "?", "t", "mod+k,/", "mod+k,/", "mod+k,/", "g o"]);
  });

  it("forgets a sequence after a pause, and reads a key that does not continue it on its own", () => {
    press("g");
    now += 1501;
    press("o");
    expect(ran).toEqual([]);
    press("c");
    press("g");
    press("c");
    press("g");
    press("t");
    press("g");
    press("g");
    press("o");
    expect(ran).toEqual(["c", "g c", "t", "g o"]);
  });

  it("lets a shift pass between the keys of a sequence", () => {
    press("g");
    press("Shift");
    press("O");
    expect(ran).toEqual(["g o"]);
  });

  it("leaves typing, pressed buttons and other people's keys alone", () => {
    press("t", { inside: "textarea" });
    press("t", { inside: "[role='textbox']" });
    press(" ", { inside: "button" });
    press("t", { isComposing: true });
    press("t", { altKey: true });
    press("t", { defaultPrevented: true });
    press("t", { repeat: true });
    press("k");
    expect(ran).toEqual([]);
    press("t", { inside: "button" });
    press("k", { inside: "textarea", ctrlKey: true });
    press("t", { target: null });
    expect(ran).toEqual(["t", "mod+k,/", "t"]);
  });

  it("can be told to leave single keys alone, all but Escape", () => {
    keyboard.singleKeys.value = false;
    press("t");
    press("g");
    press("o");
    press("k", { ctrlKey: true });
    press("Escape");
    expect(ran).toEqual(["mod+k,/", "escape"]);
  });

  it("lists what can be called, gives the later of two the key, and takes it back", () => {
    expect(keyboard.shortcuts.value).toHaveLength(8);
    const remove = keyboard.register({ keys: ["t"], label: "mine", group: "Page", run: () => ran.push("mine") });
    expect(keyboard.shortcuts.value.at(-1)?.label).toBe("mine");
    press("t");
    remove();
    remove();
    press("t");
    expect(ran).toEqual(["mine", "t"]);
    keyboard.close();
    expect(listeners.size).toBe(0);
  });
});
