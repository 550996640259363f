import { describe, expect, test } from "vitest";
import { type FakeProbe, Rig } from "./current-rig.ts";

function tell(probe: FakeProbe, mountpoint: string, used: number, free: number): FakeProbe {
  const mount = { "system.filesystem.mountpoint": mountpoint };
  return probe
    .set("system.filesystem.usage", used, { ...mount, "system.filesystem.state": "used" })
    .set("system.filesystem.usage", free, { ...mount, "system.filesystem.state": "free" })
    .set("system.filesystem.utilization", used / (used + free), mount);
}

describe("the table of file systems", () => {
  test("has a row for each of each node, the fullest first, and none of a node that fell silent", () => {
    const rig = new Rig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    rig.second(() => {
      tell(a, "/", 30, 70).snapshot();
      tell(b, "/data", 90, 10).snapshot();
    });
    expect(rig.current.table("filesystems")).toEqual([
      { node: "chat/b", mountpoint: "/data", usedBytes: 90, freeBytes: 10, utilization: 0.9 },
      { node: "chat/a", mountpoint: "/", usedBytes: 30, freeBytes: 70, utilization: 0.3 },
    ]);
    for (let second = 0; second < 5; second++) rig.second(() => a.snapshot());
    expect(rig.current.table("filesystems").map(({ node }) => node)).toEqual(["chat/a"]);
  });
});
