import { createProbe, type Probe } from "@wsight/probe";
import { afterAll, describe, expect, it } from "vitest";

const probe: Probe = createProbe({ service: "redact", onError: () => undefined });
afterAll(() => probe.close());

/** What becomes of an error message. */
function told(message: string): string {
  probe.trackError("test", message);
  return probe.getSummary().errors.recent.at(-1)?.message ?? "";
}

const SECRET = "hunter2hunter2hunter2";

describe("error messages lose secrets", () => {
  it.each([
    ["a field", `password=${SECRET} user=bob`],
    ["a field in JSON", `{"password":"${SECRET}","user":"bob"}`],
    ["a value with quotes in it", `{"password":"a\\"${SECRET}"}`],
    ["a value with spaces, cut in the middle", `password: "two words ${SECRET}`],
    ["JSON within JSON", `{"body":"{\\"token\\":\\"${SECRET}\\"}"}`],
    ["JSON within JSON within JSON", `"{\\\\\\"secret\\\\\\":\\\\\\"${SECRET}\\\\\\"}"`],
    ["a URL-encoded form", `body=password%3D${SECRET}%26user%3Dbob`],
    ["XML", `<password>${SECRET}</password>`],
    ["an arrow", `password => ${SECRET}`],
    ["the next line", `password:\n  ${SECRET}`],
    ["a short name", `pwd=${SECRET}`],
    ["a longer name", `aws_secret_access_key=${SECRET}`],
    ["a name in camel case", `{"secretAccessKey":"${SECRET}"}`],
    ["a scheme of its own", `Authorization: ApiKey ${SECRET}`],
    ["a signed request", `Authorization: AWS4-HMAC-SHA256 Credential=x/y, Signature=${SECRET}`],
    ["all cookies of a line", `Cookie: theme=dark; sid=${SECRET}; x=1`],
    ["a set cookie", `Set-Cookie: theme=dark; connect.sid=${SECRET}; Path=/`],
    ["raw headers", `[ 'Cookie', 'a=b; sid=${SECRET}' ]`],
    ["a bearer", `Bearer ${SECRET}`],
    ["an encoded bearer", `auth=Bearer%20${SECRET}`],
    ["a URL with a password alone", `redis://:${SECRET}@cache:6379`],
    ["a URL with a name alone", `https://${SECRET}@github.com/x`],
    ["a URL with a password full of signs", `postgres://bob:p@ss/${SECRET}@db:5432/x`],
    ["a query string", `GET /cb?code=${SECRET}`],
    ["a fragment", `/cb#access_token=${SECRET}`],
    ["a JSON Web Token in a word", `tok_eyJhbGciOiJIUzI1NiJ9.${SECRET}.sig`],
    ["an encrypted token", `eyJhbGciOiJSU0Ei.a.b.${SECRET}.c`],
    ["a key in PEM", `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`],
    ["a key in PEM, cut", `-----BEGIN PRIVATE KEY-----\n${SECRET}`],
    ["a GitHub token", `bad credentials ghp_${SECRET}`],
    ["a Stripe key", `invalid: sk_live_${SECRET}`],
    ["a Slack token", `xoxb-123-${SECRET} failed`],
    ["a Google key", `key AIza${SECRET} invalid`],
  ])("%s", (_what, message) => {
    expect(told(message)).not.toContain(SECRET);
  });

  it.each([
    ["AKIAIOSFODNN7EXAMPLE denied", "••• denied"],
    ["no account josé+x@exämple.com", "no account •••@•••"],
    ["no account bob%40example.com", "no account •••@•••"],
    ["card 4111  1111 1111-1111 refused", "card ••• refused"],
  ])("by shape: %s", (message, clean) => {
    expect(told(message)).toBe(clean);
  });

  it.each([
    "Unexpected token < in JSON at position 0",
    "connect ECONNREFUSED 10.0.0.1:6379",
    "signal: SIGTERM, passed: 3, tokens: 5, side: left",
    "Cannot read properties of undefined (reading 'session')",
    "http://localhost:4700/users/@bob answered 404",
    "read ETIMEDOUT after 120000 ms",
  ])("and nothing else: %s", (message) => {
    expect(told(message)).toBe(message);
  });
});

describe("error messages made to take long", () => {
  // A client that finds a message which is echoed in an error must not hold the event loop with it.
  it.each([
    "a",
    "1",
    "1 ",
    "1-",
    "/",
    "a://",
    "a://b:",
    "eyJ",
    "-eyJaaaa",
    "a@",
    "a@a@a",
    "a@a.",
    "a+",
    "password",
    'password:"',
    "password   ",
    "'password'  ,",
    "bearer ",
    "cookie:",
    "-----BEGIN A-----",
    '\\"',
    "token\\",
    "sk_",
  ])("are redacted in no time: %j again and again", (piece) => {
    const message = piece.repeat(Math.ceil(2048 / piece.length)).slice(0, 2047);
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 12; i++) {
      const begin = performance.now();
      probe.trackError("test", `${message}${i % 2 === 0 ? "!" : '"'}`);
      best = Math.min(best, performance.now() - begin);
    }
    expect(best).toBeLessThan(2);
  });
});
