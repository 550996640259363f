import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { createHub, type Principal, resolveSecret, signToken } from "@wsight/hub";
import { createHandClock } from "@wsight/testkit";
import { exportJWK, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, bearer, makeDir, post, SECRET, signIn, startHub, upgrade } from "./harness.ts";

const key = new TextEncoder().encode(SECRET);

function token(
  claims: Record<string, unknown> = {},
  header: { alg: string; kid?: string } = { alg: "HS256" },
): SignJWT {
  return new SignJWT({ role: "viewer", ...claims })
    .setProtectedHeader(header)
    .setIssuer("wsight")
    .setSubject("somebody")
    .setExpirationTime("1h");
}

async function statusOf(hub: Awaited<ReturnType<typeof startHub>>, jwt: string): Promise<number> {
  return (await ask(hub, "/api/nodes", { headers: { authorization: `Bearer ${jwt}` } })).status;
}

describe("the secret", () => {
  test("is made once, for its owner's eyes only", async () => {
    const dataDir = join(await makeDir(), "data");
    const first = await resolveSecret({ dataDir });
    expect(first).toMatchObject({ configured: false });
    expect(first.value.length).toBeGreaterThanOrEqual(32);
    expect((await stat(join(dataDir, "secret"))).mode & 0o777).toBe(0o600);
    expect((await resolveSecret({ dataDir })).value).toBe(first.value);
    expect((await readFile(join(dataDir, "secret"), "utf8")).trim()).toBe(first.value);
  });

  test("is not looked for in a file: the refusal names the option", async () => {
    const file = join(await makeDir(), "a-file");
    await writeFile(file, "");
    for (const dataDir of [file, join(file, "below")])
      await expect(resolveSecret({ dataDir })).rejects.toMatchObject({
        code: "BAD_OPTION",
        message: `data: expected a directory, got a path through a file: ${dataDir}`,
      });
  });

  test("is the same for hubs that start at once", async () => {
    const dataDir = await makeDir();
    const secrets = await Promise.all(Array.from({ length: 8 }, () => resolveSecret({ dataDir })));
    expect(new Set(secrets.map(({ value }) => value)).size).toBe(1);
  });

  test("that others could read is closed to them again", async () => {
    const dataDir = await makeDir();
    await writeFile(join(dataDir, "secret"), SECRET, { mode: 0o644 });
    expect((await resolveSecret({ dataDir })).value).toBe(SECRET);
    expect((await stat(join(dataDir, "secret"))).mode & 0o777).toBe(0o600);
  });

  test("comes from the option, else the environment, else the directory", async () => {
    const dataDir = await makeDir();
    const fromEnv = "e".repeat(32);
    const env = { WSIGHT_SECRET: fromEnv };
    expect(await resolveSecret({ secret: SECRET, dataDir, env })).toEqual({ value: SECRET, configured: true });
    expect(await resolveSecret({ dataDir, env })).toEqual({ value: fromEnv, configured: true });
    expect((await resolveSecret({ dataDir: null })).configured).toBe(false);
  });

  test("that is too short is refused without being repeated", async () => {
    const short = "hunter2-hunter2";
    const refusal = await resolveSecret({ secret: short, dataDir: null }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining("at least 32 characters, got 15"),
    });
    expect(String(refusal)).not.toContain(short);
    const env = { WSIGHT_SECRET: short };
    await expect(resolveSecret({ dataDir: null, env })).rejects.toMatchObject({ code: "BAD_OPTION" });
    const dataDir = await makeDir();
    await writeFile(join(dataDir, "secret"), short);
    await expect(resolveSecret({ dataDir })).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});

describe("a hub that others can reach", () => {
  test("refuses to start while nobody decided who may read it, and says how to fix it", async () => {
    const setup = { host: "0.0.0.0", port: 0, dataDir: null, dashboardDir: "/nonexistent", env: {} };
    const refusal = createHub(setup);
    await expect(refusal).rejects.toMatchObject({ code: "BAD_OPTION" });
    await expect(refusal).rejects.toThrow(/WSIGHT_SECRET.*authenticate.*127\.0\.0\.1/);
    const secured = await createHub({ ...setup, secret: SECRET });
    await secured.close();
    const asked = await createHub({ ...setup, authenticate: () => Promise.resolve(null) });
    await asked.close();
  });

  test("is named by an address that people can open", async () => {
    const hub = await startHub({ host: "0.0.0.0" });
    expect(hub).toMatchObject({ url: `http://127.0.0.1:${hub.port}`, host: "0.0.0.0" });
  });
});

describe("a bearer token", () => {
  test("lets viewers and admins in, also through an upgrade", async () => {
    const hub = await startHub();
    for (const role of ["viewer", "admin"] as const) {
      expect((await ask(hub, "/api/nodes", { headers: await bearer(role) })).status).toBe(200);
      expect((await upgrade(hub, "/ws/live", await bearer(role))).socket).not.toBeNull();
    }
  });

  test("is refused when it expired, when it never does, and when it says nothing", async () => {
    const hub = await startHub();
    const past = Math.floor(Date.now() / 1000) - 1;
    expect(await statusOf(hub, await token().sign(key))).toBe(200);
    expect(await statusOf(hub, await token().setExpirationTime(past).sign(key))).toBe(401);
    const forever = new SignJWT({ role: "admin" })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("wsight")
      .setSubject("x");
    expect(await statusOf(hub, await forever.sign(key))).toBe(401);
    expect(await statusOf(hub, await token({ role: "root" }).sign(key))).toBe(401);
    expect(await statusOf(hub, await token().setIssuer("somebody-else").sign(key))).toBe(401);
    expect(await statusOf(hub, await token().setSubject("").sign(key))).toBe(401);
    expect(await statusOf(hub, "nonsense")).toBe(401);
    expect(await statusOf(hub, "x".repeat(9000))).toBe(401);
  });

  test("is refused when it is signed by nothing, by another algorithm or by another key", async () => {
    const hub = await startHub();
    const claims = { role: "admin" };
    const none = new UnsecuredJWT(claims).setIssuer("wsight").setSubject("x").setExpirationTime("1h").encode();
    expect(await statusOf(hub, none)).toBe(401);
    expect(await statusOf(hub, await token({}, { alg: "HS512" }).sign(key))).toBe(401);
    expect(await statusOf(hub, await token().sign(new TextEncoder().encode("z".repeat(32))))).toBe(401);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(await statusOf(hub, await token({}, { alg: "RS256" }).sign(privateKey))).toBe(401);
  });

  test("is refused when its claims were changed", async () => {
    const hub = await startHub();
    const [header, payload, signature] = (await token({ role: "user" }).sign(key)).split(".");
    const raised = Buffer.from(String(payload), "base64url").toString().replace("user", "admin");
    const forged = [header, Buffer.from(raised).toString("base64url"), signature].join(".");
    expect(await statusOf(hub, forged)).toBe(401);
  });

  test("of somebody else's making is verified by public key, and only by its algorithm", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const hub = await startHub({
      jwt: { algorithm: "ES256", publicKey: pem, issuer: "https://id.example", audience: "ws" },
    });
    const draft = (alg = "ES256"): SignJWT => token({}, { alg }).setIssuer("https://id.example").setAudience("ws");
    expect(await statusOf(hub, await draft().sign(privateKey))).toBe(200);
    expect(await statusOf(hub, await draft().setAudience("other").sign(privateKey))).toBe(401);
    // The oldest trick: the public key as the secret of an HMAC.
    const confused = draft("HS256").sign(new TextEncoder().encode(pem));
    expect(await statusOf(hub, await confused)).toBe(401);
    expect(await statusOf(hub, await token().sign(key))).toBe(401);
  });

  test("of somebody else's making can be verified by a key set that is fetched", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" };
    const keyServer = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    keyServer.listen(0, "127.0.0.1");
    await once(keyServer, "listening");
    onTestFinished(() => void keyServer.close());
    const address = keyServer.address() as { port: number };
    const hub = await startHub({ jwt: { algorithm: "RS256", jwksUrl: `http://127.0.0.1:${address.port}/keys` } });
    const signed = token({}, { alg: "RS256", kid: "one" });
    expect(await statusOf(hub, await signed.sign(privateKey))).toBe(200);
    const unknown = token({}, { alg: "RS256", kid: "two" });
    expect(await statusOf(hub, await unknown.sign(privateKey))).toBe(401);
  });

  test.each([
    [{ algorithm: "RS256" }, "publicKey or jwksUrl"],
    [{ algorithm: "RS256", publicKey: "no key" }, "PEM"],
    [{ algorithm: "ES256", jwksUrl: "http://id.example/keys" }, "https:"],
    [{ algorithm: "HS256", publicKey: "x" }, "RS256, ES256"],
  ])("set up as %j is refused at the start", async (jwt, message) => {
    await expect(startHub({ jwt: jwt as never })).rejects.toThrow(message);
  });

  test("is signed only for a known role, a subject and a sane time", async () => {
    const claims = { sub: "a", role: "admin", ttlMs: 60_000 } as const;
    await expect(signToken({ ...claims, ttlMs: 0 }, SECRET)).rejects.toMatchObject({ code: "BAD_OPTION" });
    await expect(signToken({ ...claims, role: "root" as never }, SECRET)).rejects.toThrow("admin, viewer, user");
  });
});

describe("the one-time link", () => {
  const code = "one-time-code-of-this-test";

  test("works once, and says so", async () => {
    let used = 0;
    const hub = await startHub({ oneTimeCode: code, onCodeUsed: () => used++ });
    expect((await post(hub, "/api/session", { code: "wrong" })).status).toBe(401);
    const first = await post(hub, "/api/session", { code });
    expect(first).toMatchObject({ status: 200, json: { principal: { role: "admin" } } });
    expect(used).toBe(1);
    expect(await post(hub, "/api/session", { code })).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(used).toBe(1);
  });

  test("works for 15 minutes", async () => {
    const clock = createHandClock(Date.now());
    const hub = await startHub({ oneTimeCode: code, clock });
    clock.advance(15 * 60_000);
    expect((await post(hub, "/api/session", { code })).status).toBe(401);
  });

  test("does not exist unless there is a code", async () => {
    const hub = await startHub();
    for (const given of ["", null, undefined, 1, {}]) {
      expect([400, 401]).toContain((await post(hub, "/api/session", { code: given })).status);
    }
  });
});

describe("a session", () => {
  const code = "another-one-time-code";

  test("is a strict cookie that opens routes and upgrades until it is ended", async () => {
    const hub = await startHub({ oneTimeCode: code });
    const reply = await post(hub, "/api/session", { code });
    const setCookie = String(reply.headers["set-cookie"]);
    expect(setCookie).toMatch(
      /^wsight_session_[0-9a-f]{8}=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    const cookie = String(setCookie.split(";")[0]);
    const who = await ask(hub, "/api/session", { headers: { cookie: `theme=dark; ${cookie}` } });
    expect(who.json).toEqual({ principal: { sub: "local", role: "admin" } });
    const live = await upgrade(hub, "/ws/live", { cookie, origin: hub.url });
    const closed = live.socket === null ? Promise.reject(live) : once(live.socket, "close");
    const out = await ask(hub, "/api/session", { method: "DELETE", headers: { cookie, origin: hub.url } });
    expect(out.status).toBe(204);
    expect(String(out.headers["set-cookie"])).toContain("Max-Age=0");
    expect((await closed)[0]).toBe(4401);
    expect((await ask(hub, "/api/session", { headers: { cookie } })).status).toBe(401);
  });

  test("is for TLS only when the page came by TLS", async () => {
    const hub = await startHub({ oneTimeCode: code });
    const reply = await post(hub, "/api/session", { code }, { "x-forwarded-proto": "https" });
    expect(String(reply.headers["set-cookie"])).toContain("; Secure");
  });

  test("ends after 12 hours, live connections included", async () => {
    const clock = createHandClock(Date.now());
    const hub = await startHub({ oneTimeCode: code, clock });
    const { cookie } = await signIn(hub, { code });
    const live = await upgrade(hub, "/ws/live", { cookie, origin: hub.url });
    const closed = live.socket === null ? Promise.reject(live) : once(live.socket, "close");
    clock.advance(12 * 3_600_000);
    expect((await ask(hub, "/api/session", { headers: { cookie } })).status).toBe(401);
    expect((await closed)[0]).toBe(4401);
  });

  test("lasts no longer than the token it came from", async () => {
    const clock = createHandClock(Date.now());
    const hub = await startHub({ clock });
    const short = await signToken({ sub: "ops", role: "viewer", ttlMs: 60_000 }, SECRET, () => clock.now());
    const { cookie } = await signIn(hub, { token: short });
    expect((await ask(hub, "/api/session", { headers: { cookie } })).json).toEqual({
      principal: { sub: "ops", role: "viewer" },
    });
    clock.advance(61_000);
    expect((await ask(hub, "/api/session", { headers: { cookie } })).status).toBe(401);
  });

  test("is neither an API token nor the reverse", async () => {
    const hub = await startHub({ oneTimeCode: code });
    const { cookie } = await signIn(hub, { code });
    const [name, value] = cookie.split("=", 2);
    expect(await statusOf(hub, value ?? "")).toBe(401);
    const asCookie = `${name}=${(await bearer()).authorization.slice("Bearer ".length)}`;
    expect((await ask(hub, "/api/session", { headers: { cookie: asCookie } })).status).toBe(401);
  });

  // Browsers send the cookies of a host to each of its ports: signing in to a second hub signed out of the first.
  test("leaves that of another hub on the same host alone", async () => {
    const one = await startHub({ oneTimeCode: code });
    const other = await startHub({ oneTimeCode: code, secret: "another secret of enough characters" });
    const both = `${(await signIn(one, { code })).cookie}; ${(await signIn(other, { code })).cookie}`;
    for (const hub of [one, other]) {
      expect((await ask(hub, "/api/session", { headers: { cookie: both } })).status).toBe(200);
    }
  });

  test("is found among cookies of its name that another page of the host set", async () => {
    const hub = await startHub({ oneTimeCode: code });
    const { cookie } = await signIn(hub, { code });
    const [name] = cookie.split("=", 1);
    for (const header of [`${name}=made-up; ${cookie}`, `${cookie}; ${name}=made-up`, `${name}=; ${name}; ${cookie}`]) {
      expect((await ask(hub, "/api/session", { headers: { cookie: header } })).status).toBe(200);
    }
  });

  test("is given for role user, which sees its own jobs and nothing else of the dashboard, and not for role probe", async () => {
    const hub = await startHub();
    const tokenFor = (role: "user" | "probe") => signToken({ sub: "u", role, ttlMs: 60_000 }, SECRET);
    const reply = await post(hub, "/api/session", { token: await tokenFor("user") });
    expect(reply.status).toBe(200);
    const [cookie = ""] = String(reply.headers["set-cookie"]).split(";", 1);
    const status = async (path: string) => (await ask(hub, path, { headers: { cookie } })).status;
    expect(await status("/api/session")).toBe(200);
    expect(await status("/api/jobs")).toBe(200);
    expect(await status("/api/nodes")).toBe(403);
    expect(await status("/api/queues")).toBe(403);
    const refused = await post(hub, "/api/session", { token: await tokenFor("probe") });
    expect(refused).toMatchObject({ status: 403, code: "FORBIDDEN" });
    expect(refused.headers["set-cookie"]).toBeUndefined();
  });

  test("is ended only by the hub's own page", async () => {
    const hub = await startHub({ oneTimeCode: code, allowedOrigins: ["https://ops.example"] });
    const { cookie } = await signIn(hub, { code });
    const end = (headers: Record<string, string>) =>
      ask(hub, "/api/session", { method: "DELETE", headers: { cookie, ...headers } });
    expect(await end({})).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    expect(await end({ "sec-fetch-site": "same-site" })).toMatchObject({ status: 403 });
    expect(await end({ origin: "https://ops.example" })).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    expect(await end({ origin: "https://evil.example" })).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    expect(await end({ "sec-fetch-site": "same-origin" })).toMatchObject({ status: 204 });
  });
});

describe("Host", () => {
  test("must be this machine's, against names that others point here", async () => {
    const hub = await startHub();
    const get = async (host: string) => (await ask(hub, "/healthz", { headers: { host } })).status;
    for (const host of [
      "localhost",
      "LOCALHOST:1",
      "127.0.0.1:9",
      "127.9.9.9",
      "[::1]:80",
      "a.localhost",
      "localhost.",
    ])
      expect(await get(host), host).toBe(200);
    for (const host of [
      "evil.example",
      "evil.example:4700",
      "127.0.0.1.evil.example",
      "192.168.0.1",
      "localhost@evil",
      "x/y",
    ])
      expect(await get(host), host).toBe(403);
    expect(await ask(hub, "/healthz", { headers: { host: "evil.example" } })).toMatchObject({ code: "BAD_HOST" });
    const refused = await upgrade(hub, "/ws/live", { ...(await bearer()), host: "evil.example" });
    expect(refused).toMatchObject({ status: 403, code: "BAD_HOST" });
  });

  test("may be a name that was allowed, with its port when one was given", async () => {
    const hub = await startHub({ allowedHosts: ["ws.example.org", "one.example.org:8443"] });
    const get = async (host: string) => (await ask(hub, "/healthz", { headers: { host } })).status;
    expect(await get("WS.example.org:1")).toBe(200);
    expect(await get("one.example.org:8443")).toBe(200);
    expect(await get("one.example.org")).toBe(403);
    expect(await get("two.example.org")).toBe(403);
  });

  test("may be any address of a hub that listens on all of them, but no name", async () => {
    const hub = await startHub({ host: "0.0.0.0" });
    const get = async (host: string) => (await ask(hub, "/healthz", { headers: { host } })).status;
    expect(await get("10.1.2.3:4700")).toBe(200);
    expect(await get("[fe80::1]:4700")).toBe(200);
    expect(await get("evil.example")).toBe(403);
  });
});

describe("Origin", () => {
  test("of another site is refused on upgrades and writes, whoever asks", async () => {
    const hub = await startHub();
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", "file://"]) {
      const refused = await upgrade(hub, "/ws/live", { ...(await bearer()), origin });
      expect(refused, origin).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
      const write = await post(hub, "/api/session", { token: "x" }, { origin });
      expect(write, origin).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    }
  });

  test("of the hub's own page passes, also behind a proxy that took TLS away", async () => {
    const hub = await startHub({ allowedHosts: ["ws.example.org"] });
    const own = await upgrade(hub, "/ws/live", { ...(await bearer()), origin: hub.url });
    expect(own.socket).not.toBeNull();
    const proxied = { ...(await bearer()), host: "ws.example.org", origin: "https://ws.example.org" };
    expect((await upgrade(hub, "/ws/live", proxied)).socket).not.toBeNull();
  });

  test("that was allowed may connect, and read answers with a token", async () => {
    const origin = "https://ops.example.org";
    const hub = await startHub({ allowedOrigins: [origin] });
    expect((await upgrade(hub, "/ws/live", { ...(await bearer()), origin })).socket).not.toBeNull();
    const asked = await ask(hub, "/api/nodes", { method: "OPTIONS", headers: { origin } });
    expect(asked).toMatchObject({ status: 204 });
    expect(asked.headers["access-control-allow-headers"]).toContain("authorization");
    const read = await ask(hub, "/api/nodes", { headers: { ...(await bearer()), origin } });
    expect(read.headers["access-control-allow-origin"]).toBe(origin);
    expect(read.headers["access-control-allow-credentials"]).toBeUndefined();
    const other = await ask(hub, "/api/nodes", { headers: { ...(await bearer()), origin: "https://evil.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each(["*", "ops.example.org", "https://ops.example.org/page", "file:///x"])(
    "%s can't be allowed",
    async (origin) => {
      await expect(startHub({ allowedOrigins: [origin] })).rejects.toMatchObject({ code: "BAD_OPTION" });
    },
  );
});

describe("limits", () => {
  test("of requests per address answer 429 and say when to come back", async () => {
    const clock = createHandClock(Date.now());
    const hub = await startHub({ requestsPerMinute: 60, clock });
    for (let i = 0; i < 60; i++) expect((await ask(hub, "/healthz")).status).toBe(200);
    const refused = await ask(hub, "/healthz");
    expect(refused).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(refused.headers["retry-after"]).toBe("1");
    expect(await upgrade(hub, "/ws/live", await bearer())).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    clock.advance(1000);
    expect((await ask(hub, "/healthz")).status).toBe(200);
    expect((await ask(hub, "/healthz")).status).toBe(429);
  });

  test("of sign-ins are stricter, right or wrong", async () => {
    const hub = await startHub({ oneTimeCode: "code-to-be-guessed" });
    for (let i = 0; i < 10; i++) expect((await post(hub, "/api/session", { code: `guess ${i}` })).status).toBe(401);
    const refused = await post(hub, "/api/session", { code: "code-to-be-guessed" });
    expect(refused).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("of live connections per address and principal, and over all", async () => {
    const hub = await startHub({ viewersPerAddress: 2 });
    const open = () => bearer().then((headers) => upgrade(hub, "/ws/live", headers));
    const first = await open();
    expect((await open()).socket).not.toBeNull();
    expect(await open()).toMatchObject({ status: 429, code: "TOO_MANY_CONNECTIONS" });
    if (first.socket !== null) {
      first.socket.close();
      await once(first.socket, "close");
    }
    expect((await open()).socket).not.toBeNull();
    const small = await startHub({ maxViewers: 1 });
    expect((await upgrade(small, "/ws/live", await bearer("viewer", "a"))).socket).not.toBeNull();
    expect(await upgrade(small, "/ws/live", await bearer("viewer", "b"))).toMatchObject({ status: 429 });
  });
});

describe("the host's authenticate", () => {
  const headers = { "x-user": "ada" };

  test("says who is asking when neither token nor session does", async () => {
    const hub = await startHub({
      authenticate: async ({ method, url, headers }) => {
        expect({ method, url }).toEqual({ method: "GET", url: expect.stringMatching(/^\/(api\/session|ws\/live)$/) });
        return headers["x-user"] === "ada" ? { sub: "ada", role: "viewer" } : null;
      },
    });
    expect((await ask(hub, "/api/session", { headers })).json).toEqual({ principal: { sub: "ada", role: "viewer" } });
    expect((await ask(hub, "/api/session")).status).toBe(401);
    expect((await upgrade(hub, "/ws/live", headers)).socket).not.toBeNull();
    expect(await upgrade(hub, "/ws/live")).toMatchObject({ status: 401 });
  });

  test("gets to see bearer tokens that are not ours", async () => {
    const hub = await startHub({
      authenticate: async ({ headers }) =>
        headers.authorization === "Bearer opaque" ? { sub: "x", role: "admin" } : null,
    });
    expect(await statusOf(hub, "opaque")).toBe(200);
    expect(await statusOf(hub, "other")).toBe(401);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("database down");
      },
    ],
    ["rejects", () => Promise.reject(new Error("database down"))],
    ["answers nonsense", () => Promise.resolve({ sub: "x", role: "root" } as unknown as Principal)],
    ["answers true", () => Promise.resolve(true as unknown as Principal)],
  ])("lets nobody in when it %s", async (_what, authenticate: () => Promise<Principal | null>) => {
    const stages: string[] = [];
    const hub = await startHub({ authenticate, onError: (_error, { stage }) => stages.push(stage) });
    expect(await ask(hub, "/api/nodes", { headers })).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(stages).toEqual(["authenticate"]);
  });

  test("lets nobody in when it is late", async () => {
    const hub = await startHub({ authenticate: () => new Promise(() => {}) });
    const startedAt = performance.now();
    expect((await ask(hub, "/api/nodes", { headers })).status).toBe(401);
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test("is no excuse for writes from other sites", async () => {
    const hub = await startHub({ authenticate: async () => ({ sub: "ada", role: "admin" }) });
    const end = (more: Record<string, string>) => ask(hub, "/api/session", { method: "DELETE", headers: more });
    expect(await end({})).toMatchObject({ status: 403, code: "BAD_ORIGIN" });
    expect(await end({ origin: hub.url })).toMatchObject({ status: 204 });
  });

  test("is not asked on open routes", async () => {
    let asked = 0;
    const hub = await startHub({
      authenticate: async () => {
        asked++;
        return null;
      },
    });
    expect((await ask(hub, "/healthz")).status).toBe(200);
    expect(asked).toBe(0);
  });
});

test("a data directory that can't be made is named", async () => {
  const dir = await makeDir();
  await writeFile(join(dir, "file"), "");
  await mkdir(join(dir, "fine"));
  await expect(resolveSecret({ dataDir: join(dir, "file", "data") })).rejects.toThrow("file");
});
