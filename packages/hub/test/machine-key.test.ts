import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readMachineKey, signMachineToken, signToken } from "@wsight/hub";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { ask, makeDir, post, SECRET, startHub } from "./harness.ts";

const key = new Uint8Array(32).fill(7);

async function problemIn(dir: string): Promise<string> {
  const found = await readMachineKey({ dir });
  return "problem" in found ? found.problem : "none";
}

describe("the machine key", () => {
  test("is made once, for its owner's eyes only", async () => {
    const dir = join(await makeDir(), "wsight-test");
    const first = await readMachineKey({ dir });
    if ("problem" in first) throw new Error(first.problem);
    expect(first.key).toHaveLength(32);
    expect(await readMachineKey({ dir })).toEqual(first);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, "link-key"))).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(["link-key"]);
  });

  test("is the same for all that start at once", async () => {
    const dir = join(await makeDir(), "wsight-test");
    const found = await Promise.all(Array.from({ length: 16 }, () => readMachineKey({ dir })));
    expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(found[0]).toHaveProperty("key");
  });

  test("is not used where somebody else could have put or read it", async () => {
    const home = await makeDir();
    await mkdir(join(home, "open"));
    await chmod(join(home, "open"), 0o777);
    expect(await problemIn(join(home, "open"))).toContain("expected nobody else to have access, got mode 777");
    await symlink(join(home, "open"), join(home, "linked"));
    expect(await problemIn(join(home, "linked"))).toContain("got a symbolic link");
    await writeFile(join(home, "file"), "");
    expect(await problemIn(join(home, "file"))).toMatch(/EEXIST|expected a directory/);

    const dir = join(home, "own");
    await mkdir(dir, { mode: 0o700 });
    await writeFile(join(home, "planted"), key, { mode: 0o600 });
    await symlink(join(home, "planted"), join(dir, "link-key"));
    expect(await problemIn(dir)).toContain("expected a file, got a symbolic link");
  });

  test("of another size or mode is named, and left alone", async () => {
    const dir = join(await makeDir(), "own");
    await mkdir(dir, { mode: 0o700 });
    const path = join(dir, "link-key");
    await writeFile(path, "short", { mode: 0o600 });
    expect(await problemIn(dir)).toContain("expected 32 bytes");
    await writeFile(path, key);
    await chmod(path, 0o644);
    expect(await problemIn(dir)).toContain("got mode 644");
    expect(new Uint8Array(await readFile(path))).toEqual(key);
  });
});

describe("a machine token", () => {
  const status = async (
    hub: Awaited<ReturnType<typeof startHub>>,
    token: string,
    headers: Record<string, string> = {},
  ): Promise<number> =>
    (await ask(hub, "/api/nodes", { headers: { authorization: `Bearer ${token}`, ...headers } })).status;

  test("is known to the hub that has the key, and opens nothing to read", async () => {
    const token = await signMachineToken(key, "chat");
    expect(await status(await startHub({ machineKey: key }), token)).toBe(403);
    expect(await status(await startHub({ machineKey: new Uint8Array(32) }), token)).toBe(401);
    expect(await status(await startHub(), token)).toBe(401);
  });

  test("is nobody's once a proxy or a mount has passed it on", async () => {
    const hub = await startHub({ machineKey: key });
    const token = await signMachineToken(key, "chat");
    for (const name of ["x-forwarded-for", "Forwarded", "via", "x-real-ip"])
      expect(await status(hub, token, { [name]: "192.0.2.1" })).toBe(401);
  });

  test("is one only with role probe, its own issuer and its own key", async () => {
    const hub = await startHub({ machineKey: key });
    expect(await status(hub, await signToken({ sub: "a", role: "admin", ttlMs: 60_000 }, key))).toBe(401);
    const raw = new SignJWT({ role: "admin" }).setProtectedHeader({ alg: "HS256" }).setIssuer("wsight-machine");
    expect(await status(hub, await raw.setSubject("a").setExpirationTime("1m").sign(key))).toBe(401);
  });

  test("opens no session, nor does a probe's token", async () => {
    const hub = await startHub({ machineKey: key });
    expect((await post(hub, "/api/session", { token: await signMachineToken(key, "chat") })).status).toBe(401);
    const probe = await signToken({ sub: "chat", role: "probe", ttlMs: 60_000 }, SECRET);
    expect(await post(hub, "/api/session", { token: probe })).toMatchObject({ status: 403, code: "FORBIDDEN" });
  });
});
