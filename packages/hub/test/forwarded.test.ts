import { randomBytes } from "node:crypto";
import { type Hub, signMachineToken } from "@wsight/hub";
import { FORWARDED_HEADER, forwardingKey, signForwarded } from "@wsight/hub/forwarded";
import { describe, expect, test } from "vitest";
import { ask, bearer, makeDir, post, SECRET, startHub, upgrade } from "./harness.ts";

const MACHINE_KEY = new Uint8Array(randomBytes(32));
const FAR = "203.0.113.7";

interface Passing {
  readonly method?: string;
  readonly secure?: boolean;
  readonly key?: Uint8Array;
  readonly at?: number;
}

/** The header as an application's server writes it. */
function from(address: string, url: string, { method = "GET", secure = false, ...rest }: Passing = {}) {
  const key = forwardingKey(rest.key ?? MACHINE_KEY);
  return { [FORWARDED_HEADER]: signForwarded(key, { method, url }, { address, secure }, rest.at ?? Date.now()) };
}

function openHub(setup: Parameters<typeof startHub>[0] = {}): Promise<Hub> {
  return startHub({ machineKey: MACHINE_KEY, ...setup });
}

describe("a forwarding header", () => {
  test("is believed from a process of this machine, for the request it was made for", async () => {
    const hub = await openHub();
    expect((await ask(hub, "/healthz", { headers: from(FAR, "/healthz") })).status).toBe(200);
  });

  test.each([
    ["made up", { [FORWARDED_HEADER]: "eyJ9.AAAA" }],
    ["empty", { [FORWARDED_HEADER]: "" }],
    ["signed with another key", from(FAR, "/healthz", { key: new Uint8Array(32) })],
    ["made for another path", from(FAR, "/readyz")],
    ["made for another method", from(FAR, "/healthz", { method: "POST" })],
    ["made two minutes ago", from(FAR, "/healthz", { at: Date.now() - 120_000 })],
    ["of endless length", { [FORWARDED_HEADER]: `${"a".repeat(5000)}.AAAA` }],
  ])("that is %s is refused", async (_how, headers) => {
    const hub = await openHub();
    expect(await ask(hub, "/healthz", { headers })).toMatchObject({ status: 403, code: "FORBIDDEN" });
    expect(await upgrade(hub, "/ws/live", headers)).toMatchObject({ status: 403, code: "FORBIDDEN" });
  });

  test("is refused by a hub without a machine key", async () => {
    const hub = await startHub();
    expect((await ask(hub, "/healthz", { headers: from(FAR, "/healthz") })).code).toBe("FORBIDDEN");
  });

  test("makes limits count the client, not the server in between", async () => {
    const hub = await openHub({ requestsPerMinute: 5, viewersPerAddress: 1 });
    const statuses = async (address: string): Promise<number[]> => {
      const asked = Array.from({ length: 6 }, () => ask(hub, "/healthz", { headers: from(address, "/healthz") }));
      return (await Promise.all(asked)).map(({ status }) => status).sort();
    };
    expect(await statuses("203.0.113.1")).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await statuses("203.0.113.2")).toEqual([200, 200, 200, 200, 200, 429]);
    const view = async (address: string, sub: string) =>
      upgrade(hub, "/ws/live", { ...from(address, "/ws/live"), ...(await bearer("viewer", sub)) });
    expect((await view("203.0.113.3", "a")).socket).not.toBeNull();
    expect(await view("203.0.113.3", "b")).toMatchObject({ status: 429, code: "TOO_MANY_CONNECTIONS" });
    expect((await view("203.0.113.4", "b")).socket).not.toBeNull();
  });

  test("makes the cookie of a client with TLS a secure one", async () => {
    const hub = await openHub();
    const { authorization } = await bearer("admin");
    const cookie = async (secure: boolean): Promise<string> => {
      const headers = from("127.0.0.1", "/api/session", { method: "POST", secure });
      const reply = await post(hub, "/api/session", { token: authorization.slice("Bearer ".length) }, headers);
      return String(reply.headers["set-cookie"]);
    };
    expect(await cookie(true)).toMatch(/; Secure/);
    expect(await cookie(false)).not.toMatch(/; Secure/);
  });

  test("never lets a machine token in", async () => {
    const hub = await openHub();
    const authorization = `Bearer ${await signMachineToken(MACHINE_KEY, "shop", hub.port)}`;
    const headers = { ...from("127.0.0.1", "/ws/probe"), authorization };
    expect((await upgrade(hub, "/ws/probe", headers)).socket).toBeNull();
    expect(
      (await ask(hub, "/api/nodes", { headers: { ...from("127.0.0.1", "/api/nodes"), authorization } })).status,
    ).toBe(401);
  });
});

describe("a dashboard for which nobody decided who may read it", () => {
  const undecided = async (setup = {}): Promise<Hub> =>
    startHub({ machineKey: MACHINE_KEY, dataDir: await makeDir(), ...setup, ...{ secret: undefined as never } });

  test("is shown to this machine alone when an application's server passes requests on", async () => {
    const hub = await undecided();
    const status = async (address: string, headers = {}): Promise<number> =>
      (await ask(hub, "/healthz", { headers: { ...from(address, "/healthz"), ...headers } })).status;
    expect(await status("127.0.0.1")).toBe(200);
    expect(await status("::1")).toBe(200);
    expect(await status("::ffff:127.0.0.1")).toBe(200);
    expect(await status(FAR)).toBe(403);
    expect(await status("")).toBe(403);
    expect(await status("127.0.0.1", { "x-forwarded-for": "127.0.0.1" })).toBe(403);
    expect(await status("127.0.0.1", { forwarded: "for=127.0.0.1" })).toBe(403);
    for (const name of ["via", "x-real-ip", "x-forwarded-host", "cf-connecting-ip", "true-client-ip"])
      expect(await status("127.0.0.1", { [name]: "127.0.0.1" }), name).toBe(403);
  });

  test("says what to set", async () => {
    const hub = await undecided();
    const { text } = await ask(hub, "/dashboard", { headers: from(FAR, "/dashboard") });
    expect(text).toMatch(/WSIGHT_SECRET.*authenticate/);
  });

  test("is shown to all once there is a secret or a callback", async () => {
    for (const setup of [{ secret: SECRET }, { authenticate: async () => null }]) {
      const hub = await (setup.secret ? openHub(setup) : undecided(setup));
      expect((await ask(hub, "/healthz", { headers: from(FAR, "/healthz") })).status).toBe(200);
    }
  });
});

describe("reverse proxies", () => {
  const served = async (hub: Hub, chain: string, count: number): Promise<number> => {
    const headers = { "x-forwarded-for": chain };
    const replies = await Promise.all(Array.from({ length: count }, () => ask(hub, "/healthz", { headers })));
    return replies.filter(({ status }) => status === 200).length;
  };

  test("that are not trusted can't change whom limits count", async () => {
    const hub = await startHub({ requestsPerMinute: 5 });
    expect(await served(hub, "203.0.113.1", 3)).toBe(3);
    expect(await served(hub, "203.0.113.2", 3)).toBe(2);
  });

  test("that are trusted name the client, and what a client claims before them counts for nothing", async () => {
    const hub = await startHub({ requestsPerMinute: 5, trustProxy: 2 });
    // The client 203.0.113.1 sent the first entry; the outer proxy added it, the inner one 198.51.100.1.
    expect(await served(hub, "192.0.2.1, 203.0.113.1, 198.51.100.1", 3)).toBe(3);
    expect(await served(hub, "192.0.2.9, 203.0.113.1:4711, 198.51.100.1", 3)).toBe(2);
    expect(await served(hub, "192.0.2.1, [2001:db8::1]:80, 198.51.100.1", 3)).toBe(3);
    expect(await served(hub, "unknown, 198.51.100.1", 6)).toBe(5);
  });
});
