import { createAddressGuard, createNotifiers, type GuardedUse } from "@wsight/hub";
import { startWebhookReceiver } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { message } from "./notify-rig.ts";

const NAMES: Readonly<Record<string, readonly string[]>> = {
  "hooks.example.org": ["93.184.215.14"],
  "inner.example.org": ["10.1.2.3"],
  "half.example.org": ["10.1.2.3", "93.184.215.14"],
  "metadata.example.org": ["169.254.169.254"],
  "six.example.org": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
};

function guarded(allow: readonly string[] = []): (host: string, use?: GuardedUse, port?: number) => Promise<string> {
  const guard = createAddressGuard(allow, async (host) =>
    (NAMES[host] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
  );
  return async (host, use = "web", port = 443) => {
    const { addresses, listed } = await guard.check(host, port, use);
    return `${addresses.map(({ address }) => address).join(" ")}${listed ? " listed" : ""}`;
  };
}

describe("addresses that notices may go to", () => {
  it("takes public addresses, of either family", async () => {
    const check = guarded();
    expect(await check("hooks.example.org")).toBe("93.184.215.14");
    expect(await check("six.example.org")).toBe("2606:2800:21f:cb07:6820:80da:af6b:8b2c");
    expect(await check("8.8.8.8")).toBe("8.8.8.8");
  });

  const inner = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fc00::1]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:db8::1]",
    // Translation within a network, and what was never given to anybody.
    "[64:ff9b:1::a00:1]",
    "[::ffff:0:7f00:1]",
    "[4000::1]",
  ];
  it.each(inner)("refuses %s, which is not public", async (host) => {
    await expect(guarded()(host)).rejects.toThrow("not a public address");
  });

  it("refuses a name whose every address is not public, and leaves out the ones that are not", async () => {
    const check = guarded();
    await expect(check("inner.example.org")).rejects.toThrow("inner.example.org (10.1.2.3) is not a public address");
    expect(await check("half.example.org")).toBe("93.184.215.14");
    await expect(check("nobody.example.org")).rejects.toThrow("has no address");
  });

  it("lets mail go to the inner network and to this machine, never to metadata or link-local addresses", async () => {
    const check = guarded();
    expect(await check("inner.example.org", "mail")).toBe("10.1.2.3");
    expect(await check("127.0.0.1", "mail")).toBe("127.0.0.1");
    await expect(check("metadata.example.org", "mail")).rejects.toThrow("not a public address");
    await expect(check("[::ffff:169.254.169.254]", "mail")).rejects.toThrow("not a public address");
  });

  it("takes what the list allows: a host, a host with a port, an address, a network", async () => {
    expect(await guarded(["inner.example.org"])("inner.example.org")).toBe("10.1.2.3 listed");
    expect(await guarded(["INNER.example.org:8443"])("inner.example.org", "web", 8443)).toBe("10.1.2.3 listed");
    await expect(guarded(["inner.example.org:8443"])("inner.example.org", "web", 443)).rejects.toThrow("not a public");
    expect(await guarded(["10.1.0.0/16"])("inner.example.org")).toBe("10.1.2.3 listed");
    await expect(guarded(["10.2.0.0/16"])("inner.example.org")).rejects.toThrow("not a public address");
    expect(await guarded(["127.0.0.1"])("127.0.0.1")).toBe("127.0.0.1 listed");
    expect(await guarded(["127.0.0.1:80"])("127.0.0.1", "web", 80)).toBe("127.0.0.1 listed");
    expect(await guarded(["::1"])("[::1]")).toBe("::1 listed");
    expect(await guarded(["[::1]:9093"])("[::1]", "web", 9093)).toBe("::1 listed");
    expect(await guarded(["169.254.169.254"])("metadata.example.org", "mail")).toBe("169.254.169.254 listed");
  });

  it.each(["", "host:0", "host:70000", "10.0.0.0/33", "10.0.0/8", "http://host", "a b", "::1/129", "-host"])(
    "says which entry of the list is none: %j",
    (entry) => {
      expect(() => createAddressGuard([entry])).toThrow(`got ${JSON.stringify(entry)}`);
    },
  );
});

describe("a name that changes its address", () => {
  it("is looked up once: the connection goes to what was checked", async () => {
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.stop());
    const asked: string[] = [];
    // No other resolver knows this name.
    const guard = createAddressGuard(["127.0.0.1"], async (host) => {
      asked.push(host);
      return [{ address: asked.length === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    });
    const notifier = createNotifiers({ guard, noticesDir: null, now: Date.now }).get("webhook");
    const config = { url: `http://hooks.invalid:${receiver.port}/` };
    const channel = { id: "ops", name: "Ops", type: "webhook", enabled: true, config, secrets: {} } as const;
    const sent = await notifier?.send(channel, message(), AbortSignal.timeout(10_000));
    expect(sent).toMatchObject({ result: "sent" });
    expect(asked).toEqual(["hooks.invalid"]);
    expect(receiver.posts[0]?.headers.host).toBe(`hooks.invalid:${receiver.port}`);
  });
});
