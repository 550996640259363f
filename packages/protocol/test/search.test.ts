import { mountedPath, parseConnectionSearch, parseTailSearch, WsightError } from "@wsight/protocol";
import { describe, expect, it } from "vitest";

describe("the search for connections", () => {
  it("reads words, names and bounds", () => {
    expect(parseConnectionSearch('user:"ada b" ns:/chat tr:polling age:>1.5h rtt:>100 8fK 10.0.0.7:443')).toEqual({
      text: ["8fk", "10.0.0.7:443"],
      user: "ada b",
      namespace: "/chat",
      transport: "polling",
      minAgeMs: 5_400_000,
      minRttMs: 100,
    });
    expect(parseConnectionSearch("")).toEqual({ text: [] });
  });

  it("takes a filter that is still being typed as not given", () => {
    expect(parseConnectionSearch("user:")).toEqual({ text: [] });
    expect(parseConnectionSearch('8fk user:"" state: age:')).toEqual({ text: ["8fk"] });
    expect(parseConnectionSearch("ns: ada")).toEqual({ text: ["ada"] });
  });

  it.each(["10.0.0.7:443", "10.0.0.7:", "fe80::1", "dead:beef::1", "u7:x", "user_id:9", "ws://host/chat"])(
    "takes %s as text",
    (id) => {
      expect(parseConnectionSearch(id)).toEqual({ text: [id] });
    },
  );

  it("takes quoted text as it is", () => {
    expect(parseConnectionSearch('"foo:bar"')).toEqual({ text: ["foo:bar"] });
  });

  it.each([
    ["state:tired", 'state: expected one of open, idle, slow, closing, got "tired"'],
    ["buffered:64k", "buffered: expected > and a number"],
    ["age:>1y", "age: expected > and a number"],
    ["foo:bar", "foo: expected one of id, user, channel, ns, "],
    ["foo:", 'or quotes around text, got "foo:"'],
    ["x".repeat(257), "search: expected at most 256 characters"],
  ])("says what was expected of %s", (search, words) => {
    expect(() => parseConnectionSearch(search)).toThrow(words);
    expect(() => parseConnectionSearch(search)).toThrow(WsightError);
  });
});

describe("the search of the live tail", () => {
  it("reads words and names", () => {
    expect(parseTailSearch("dir:out event:chat:message user:ada ns:/chat connection:12 typing")).toEqual({
      text: ["typing"],
      direction: "out",
      event: "chat:message",
      user: "ada",
      namespace: "/chat",
      connection: 12,
    });
  });

  it("refuses what it can't mean", () => {
    expect(() => parseTailSearch("dir:up")).toThrow("dir: expected one of in, out");
    expect(() => parseTailSearch("connection:x")).toThrow("connection: expected a number");
  });
});

describe("a mounted wsight", () => {
  it.each([
    ["/", "/dashboard", "/dashboard"],
    ["/", "/dashboard/assets/a.js", "/dashboard/assets/a.js"],
    ["/", "/dashboards", null],
    ["/", "/", null],
    ["/", "/api/users", null],
    ["/", "/socket.io/", "/socket.io/"],
    ["/", "/wsight/socket.io/", "/socket.io/"],
    ["/", "/wsight/socket.io/x", null],
    ["/", "/wsight/dashboard", null],
    ["/ops", "/ops/socket.io/", "/socket.io/"],
    ["/ops", "/socket.io/", null],
    ["/ops", "/wsight/socket.io/", null],
    ["/ops", "/ops/api/connections/a/b/1", "/api/connections/a/b/1"],
    ["/ops", "/api/connections", null],
    ["/ops", "/opsx/dashboard", null],
    ["/ops", "/ops", null],
  ])("at %s takes of %s just what is its own", (mount, path, own) => {
    expect(mountedPath(mount, path)).toBe(own);
  });
});
