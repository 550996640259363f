import { type Finding, monitorLine, sourceHint } from "@wsight/protocol";
import { describe, expect, test } from "vitest";

function found(...libraries: readonly string[]): readonly Finding[] {
  return libraries.map((library) => ({ library, server: library, version: null, state: "attached", notes: [] }));
}

describe("the line to paste", () => {
  test.each([
    [[], ["pool"], "await monitor({ pool });"],
    [["socket.io", "ws", "http"], ["redis"], "await monitor({ io, wss, redis });"],
    [["http"], ["pool"], "await monitor({ server, pool });"],
    [["express", "http"], ["pool"], "await monitor({ app, pool });"],
    [["ws", "http"], ["server"], "await monitor({ wss, server });"],
    [["pg", "ioredis", "redis", "constructor"], ["prisma"], "await monitor({ pool, prisma, redis });"],
  ])("of %j with %j is %s", (libraries, more, line) => {
    expect(monitorLine(found(...libraries), more)).toBe(line);
  });
});

test("a source that is watched in part says what is missing, one that is watched in full that nothing happened", () => {
  const evidence = (finding: Partial<Finding>) => ({
    findings: found("prisma").map((one) => ({ ...one, ...finding })),
    collectors: [],
  });
  expect(sourceHint("database", evidence({}))).toMatchObject({
    title: "Database: nothing happened yet",
    why: "Watched: Prisma (prisma). Nothing was asked of it since.",
    fix: null,
  });
  const { why, fix } = sourceHint("database", evidence({ state: "partial", notes: ["not extended"] }));
  expect(why).toBe("Watched: Prisma (prisma). not extended");
  expect(fix?.code).toContain("$extends(prismaExtension())");
});
