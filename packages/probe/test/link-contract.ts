import { MAX_UNACKNOWLEDGED, type ProbeLink } from "@wsight/probe";
import { encodeLinkText, type HubFrame, type LinkMessage } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, it } from "vitest";

/** A link, and the hub at its other end, which does nothing by itself. */
export interface LinkRig {
  readonly link: ProbeLink;
  /** What came to the hub. */
  readonly received: readonly LinkMessage[];
  /** The hub says this. */
  say(text: string): void;
  /** The hub goes away, for good. */
  leave(): void;
}

const SNAPSHOT = new Uint8Array([0x57, 1, 2, 3]);

/** What every link does, whatever it runs over. */
export function describeLink(name: string, open: () => Promise<LinkRig>): void {
  const hear = (link: ProbeLink): HubFrame[] => {
    const heard: HubFrame[] = [];
    link.onFrame((frame) => heard.push(frame));
    return heard;
  };

  describe(name, () => {
    it("carries text and bytes as they are, in order", async () => {
      const { link, received } = await open();
      expect([link.send("première"), link.send(SNAPSHOT), link.send("last")]).toEqual([true, true, true]);
      await until(() => received.length === 3, { what: "three messages" });
      expect(received[0]).toBe("première");
      expect(new Uint8Array(received[1] as Uint8Array)).toEqual(SNAPSHOT);
      expect(received[2]).toBe("last");
      expect([...SNAPSHOT]).toEqual([0x57, 1, 2, 3]);
    });

    it("has a bounded number of snapshots on their way, and refuses everything beyond", async () => {
      const { link, received, say } = await open();
      const heard = hear(link);
      for (let i = 0; i < MAX_UNACKNOWLEDGED; i++) expect(link.send(SNAPSHOT)).toBe(true);
      expect(link.send(SNAPSHOT)).toBe(false);
      expect(link.send("text")).toBe(false);
      say(encodeLinkText({ type: "ack", seq: 1 }));
      await until(() => heard.length === 1, { what: "the acknowledgement" });
      expect([link.send(SNAPSHOT), link.send(SNAPSHOT)]).toEqual([true, false]);
      await until(() => received.length === MAX_UNACKNOWLEDGED + 1, { what: "all that was sent" });
    });

    it("begins to count anew when the hub does, and not for a mere question", async () => {
      const { link, say } = await open();
      const heard = hear(link);
      for (let i = 0; i < MAX_UNACKNOWLEDGED; i++) link.send(SNAPSHOT);
      say(encodeLinkText({ type: "request", id: 1, ask: { kind: "connection", connection: 1 } }));
      await until(() => heard.length === 1, { what: "the question" });
      expect(link.send(SNAPSHOT)).toBe(false);
      say(encodeLinkText({ type: "resync", reason: "anew" }));
      await until(() => heard.length === 2, { what: "the hub's wish" });
      expect(link.send(SNAPSHOT)).toBe(true);
    });

    it("says on what can be understood, and passes over the rest", async () => {
      const { link, say } = await open();
      const heard = hear(link);
      for (const text of ["", "{", "null", '{"type":"nothing"}']) say(text);
      say(encodeLinkText({ type: "resync", reason: "really" }));
      await until(() => heard.length > 0, { what: "the frame" });
      expect(heard).toEqual([{ type: "resync", reason: "really" }]);
    });

    it("drops what it is given once the hub is gone, and throws nothing", async () => {
      const { link, leave } = await open();
      leave();
      await until(() => !link.send("x"), { what: "a refusal" });
      expect(link.send(SNAPSHOT)).toBe(false);
    });

    it("can be closed twice, and takes nothing afterwards", async () => {
      const { link } = await open();
      link.close();
      link.close();
      expect(link.send("x")).toBe(false);
    });
  });
}
