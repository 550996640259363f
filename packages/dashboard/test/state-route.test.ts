import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRoute } from "../src/state/index.ts";
import { formatPlace, parsePlace } from "../src/state/route.ts";

/** An address bar with a back button. */
class FakeWindow {
  readonly location = { href: "http://localhost:4700/tools/dashboard/?x=1" };
  readonly entries: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly history = {
    pushState: (_data: unknown, _unused: string, url: string) => {
      this.entries.push(this.location.href);
      this.location.href = url;
    },
    replaceState: (_data: unknown, _unused: string, url: string) => {
      this.location.href = url;
    },
  };

  constructor(hash = "") {
    this.location.href += hash;
  }

  addEventListener(_type: string, listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: () => void): void {
    this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  go(href: string): void {
    this.location.href = href;
    for (const listener of this.#listeners) listener();
  }
}

describe("the route", () => {
  it("reads page, window, node and range from the hash", () => {
    const route = createRoute(new FakeWindow("#/performance?w=15m&node=chat/ws-3&ns=/chat&from=1000&to=2000"));
    expect(route.page.value).toBe("performance");
    expect(route.windowMs.value).toBe(900_000);
    expect(route.node.value).toBe("chat/ws-3");
    expect(route.range.value).toEqual({ fromAt: 1000, toAt: 2000 });
    expect(route.params.value).toEqual({ ns: "/chat" });
  });

  it.each(["", "#", "#code=abc", "#/", "#/../x?w=1y&from=5&to=4&node=", "#/<b>?w=-5m&w=9", "nothing?w=15m"])(
    "reads %j as the overview with its defaults",
    (hash) => {
      expect(parsePlace(`http://h/dashboard/${hash}`)).toEqual({
        page: "overview",
        windowMs: 300_000,
        node: null,
        range: null,
        params: {},
      });
    },
  );

  it("writes what is navigated to into the address, keeps the rest, and goes back", () => {
    const window = new FakeWindow("#/overview?w=15m");
    const route = createRoute(window);
    route.navigate({ page: "messages", node: "chat/a&b" });
    expect(window.location.href).toBe("http://localhost:4700/tools/dashboard/?x=1#/messages?w=15m&node=chat/a%26b");
    expect([route.page.value, route.node.value]).toEqual(["messages", "chat/a&b"]);
    route.navigate({ windowMs: 300_000 }, { replace: true });
    expect(window.entries).toHaveLength(1);
    window.go(window.entries[0] ?? "");
    expect([route.page.value, route.node.value, route.windowMs.value]).toEqual(["overview", null, 900_000]);
    route.navigate({});
    expect(window.entries).toHaveLength(1);
    // Relative to the page's <base> it would be another document, and load anew.
    expect(route.hrefTo({ page: "alerts" })).toBe("http://localhost:4700/tools/dashboard/?x=1#/alerts?w=15m");
    route.close();
    expect(window.listeners).toBe(0);
  });

  it("links to this moment, which stays, or to what is live, which moves on", () => {
    const route = createRoute(new FakeWindow("#/overview?node=a/b"));
    const moment = route.linkTo("moment", 1_000_000.4);
    expect(moment).toBe("http://localhost:4700/tools/dashboard/?x=1#/overview?node=a/b&from=700000&to=1000000");
    expect(parsePlace(moment).range).toEqual({ fromAt: 700_000, toAt: 1_000_000 });
    route.navigate({ range: { fromAt: 1, toAt: 2 } });
    expect(route.linkTo("moment", 5_000_000)).toContain("from=1&to=2");
    expect(route.linkTo("live", 5_000_000)).toBe("http://localhost:4700/tools/dashboard/?x=1#/overview?node=a/b");
  });

  it("reads back whatever it wrote", () => {
    const place = fc.record({
      page: fc.constantFrom("overview", "messages", "data-network"),
      windowMs: fc.constantFrom(300_000, 900_000, 10_000, 86_400_000, 90_000),
      node: fc.option(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" })),
      range: fc.option(fc.constant({ fromAt: 1, toAt: 3 })),
      params: fc.dictionary(fc.stringMatching(/^x[a-z&=#?/ ]{0,6}$/), fc.string({ unit: "grapheme" }), {
        noNullPrototype: true,
      }),
    });
    fc.assert(
      fc.property(place, (written) => {
        expect(parsePlace(`http://h/${formatPlace(written)}`)).toEqual(written);
      }),
    );
  });
});
