import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { readMachineKey, signMachineToken, signToken } from "@wsight/hub";
import { PROOF_HEADER, proveHub } from "@wsight/hub/machine-key";
import { until } from "@wsight/testkit";
import { SignJWT } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { ask, bearer, makeDir, post, SECRET, startHub } from "./harness.ts";

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
    const known = async (setup: Parameters<typeof startHub>[0]): Promise<number> => {
      const hub = await startHub(setup);
      return status(hub, await signMachineToken(key, "chat", hub.port));
    };
    expect(await known({ machineKey: key })).toBe(403);
    expect(await known({ machineKey: new Uint8Array(32) })).toBe(401);
    expect(await known({})).toBe(401);
  });

  test("is nobody's once a proxy or a mount has passed it on", async () => {
    const hub = await startHub({ machineKey: key });
    const token = await signMachineToken(key, "chat", hub.port);
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
    expect((await post(hub, "/api/session", { token: await signMachineToken(key, "chat", hub.port) })).status).toBe(
      401,
    );
    const probe = await signToken({ sub: "chat", role: "probe", ttlMs: 60_000 }, SECRET);
    expect(await post(hub, "/api/session", { token: probe })).toMatchObject({ status: 403, code: "FORBIDDEN" });
  });

  test("is good for the hub it was made for alone", async () => {
    const [one, other] = [await startHub({ machineKey: key }), await startHub({ machineKey: key })];
    expect(await status(one, await signMachineToken(key, "chat", other.port))).toBe(401);
  });

  test("is answered with a proof that the hub has the key, and listens where it was asked", async () => {
    const hub = await startHub({ machineKey: key });
    const token = await signMachineToken(key, "chat", hub.port);
    const proofFor = async (headers: Record<string, string>): Promise<unknown> => {
      const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/ws/probe`, { headers });
      onTestFinished(() => socket.terminate());
      const [response] = (await once(socket, "upgrade")) as [IncomingMessage];
      return response.headers[PROOF_HEADER];
    };
    const proof = await proofFor({ authorization: `Bearer ${token}` });
    expect(proof).toBe(proveHub(key, token, { address: "127.0.0.1", port: hub.port }));
    expect(proof).not.toBe(proveHub(new Uint8Array(32), token, { address: "127.0.0.1", port: hub.port }));
    expect(proof).not.toBe(proveHub(key, token, { address: "127.0.0.1", port: hub.port + 1 }));
    expect(await proofFor(await bearer("probe", "chat"))).toBeUndefined();
  });

  test("of a key that was made anew while the hub runs is known, and so are those of before", async () => {
    const dir = join(await makeDir(), "own");
    const before = await readMachineKey({ dir });
    if ("problem" in before) throw new Error(before.problem);
    const hub = await startHub({ machineKey: before.key, machineKeyDir: dir });
    await rm(join(dir, "link-key"));
    expect(await status(hub, await signMachineToken(key, "chat", hub.port))).toBe(401);
    const after = await readMachineKey({ dir });
    if ("problem" in after) throw new Error(after.problem);
    expect(after.key).not.toEqual(before.key);
    // The file is looked at once a second.
    await until(async () => (await status(hub, await signMachineToken(after.key, "chat", hub.port))) === 403, {
      what: "the new key to be known",
    });
    expect(await status(hub, await signMachineToken(before.key, "chat", hub.port))).toBe(403);
    await chmod(join(dir, "link-key"), 0o644);
    expect(await status(hub, await signMachineToken(key, "chat", hub.port))).toBe(401);
  });
});
