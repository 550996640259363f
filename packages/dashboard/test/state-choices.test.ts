import { describe, expect, it } from "vitest";
import { createPreferences, createTheme, type StorageLike } from "../src/state/index.ts";

class MemoryStorage implements StorageLike {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

const refusing: StorageLike = {
  getItem: () => {
    throw new Error("denied");
  },
  setItem: () => {
    throw new Error("denied");
  },
};

class FakeMedia {
  matches = false;
  readonly listeners = new Set<() => void>();
  addEventListener(_type: "change", listener: () => void): void {
    this.listeners.add(listener);
  }
  removeEventListener(_type: "change", listener: () => void): void {
    this.listeners.delete(listener);
  }
  turn(dark: boolean): void {
    this.matches = dark;
    for (const listener of this.listeners) listener();
  }
}

describe("the theme", () => {
  it("follows the system until one is chosen, and remembers the choice", () => {
    const storage = new MemoryStorage();
    const media = new FakeMedia();
    const root = { dataset: {} as Record<string, string | undefined> };
    const theme = createTheme(storage, media, root);
    expect([theme.choice.value, root.dataset.theme]).toEqual(["system", "light"]);
    media.turn(true);
    expect([theme.shown.value, root.dataset.theme]).toEqual(["dark", "dark"]);
    expect(storage.kept.size).toBe(0);
    theme.cycle();
    expect([theme.choice.value, root.dataset.theme]).toEqual(["light", "light"]);
    theme.cycle();
    expect(root.dataset.theme).toBe("dark");
    media.turn(false);
    expect(root.dataset.theme).toBe("dark");
    theme.close();
    expect(media.listeners.size).toBe(0);
    expect(createTheme(storage, new FakeMedia(), { dataset: {} }).choice.value).toBe("dark");
  });

  it("ignores a kept word that is none of its own", () => {
    const storage = new MemoryStorage();
    storage.setItem("wsight.theme", "sepia");
    expect(createTheme(storage, new FakeMedia(), { dataset: {} }).choice.value).toBe("system");
  });
});

describe("preferences", () => {
  it("are kept from one visit to the next", () => {
    const storage = new MemoryStorage();
    const first = createPreferences(storage);
    expect(storage.kept.size).toBe(0);
    first.density.value = "compact";
    first.timeZone.value = "utc";
    first.singleKeys.value = false;
    first.reduceDrawing.value = true;
    first.close();
    first.density.value = "cosy";
    const second = createPreferences(storage);
    expect([second.density.value, second.timeZone.value]).toEqual(["compact", "utc"]);
    expect([second.singleKeys.value, second.reduceDrawing.value]).toEqual([false, true]);
  });

  it.each([
    ["that refuses", refusing],
    ["that is not there", null],
  ])("work with storage %s", (_what, storage) => {
    const preferences = createPreferences(storage);
    preferences.density.value = "compact";
    expect(preferences.density.value).toBe("compact");
    const theme = createTheme(storage, new FakeMedia(), { dataset: {} });
    theme.cycle();
    expect(theme.choice.value).toBe("light");
  });
});
