import type { AlertRule } from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import type { InstanceState } from "../src/alerts/machine/instance-state.ts";
import type { Reading } from "../src/alerts/machine/reading.ts";
import { freshInstance, type Move, step } from "../src/alerts/machine/step.ts";
import { EVERY_SEC, observationOf, ruleWith, T0, VALUES } from "./alert-rig.ts";

const EVERY_MS = EVERY_SEC * 1000;

interface Walk {
  /** First letter of the status after each evaluation. */
  readonly statuses: string;
  /** What happened and at which evaluation. */
  readonly moves: readonly string[];
  readonly state: InstanceState;
}

/** Steps through a story, one letter for each evaluation; `|` is a restart through JSON, a digit so many evaluations in which nobody looked, `<` a clock that is set back by an hour. */
function walk(story: string, parts: Partial<AlertRule> = {}, samples?: number): Walk {
  const rule = ruleWith(parts);
  const newEpisodeId = (at: number): string => `E${(at - T0) / EVERY_MS}`;
  let state = freshInstance(rule, "f", { node: "a/1" }, T0);
  let statuses = "";
  const moves: string[] = [];
  let turn = 0;
  for (const letter of story) {
    if (letter === "|") {
      state = JSON.parse(JSON.stringify(state)) as InstanceState;
    } else if (letter === "<") {
      turn -= 360;
    } else if (letter >= "1" && letter <= "9") {
      turn += Number(letter);
    } else {
      const stepped = step(state, readingOf(letter, samples), { rule, at: T0 + turn * EVERY_MS, newEpisodeId });
      state = stepped.state;
      moves.push(...stepped.moves.map((move) => `${wordsOf(move)}@${turn}`));
      statuses += state.status[0];
      turn++;
    }
  }
  return { statuses, moves, state };
}

function readingOf(letter: string, samples?: number): Reading {
  if (letter === "-") return { type: "missing" };
  if (letter === "x") return { type: "ended" };
  if (letter === "!") return { type: "failed" };
  return { type: "sample", ...observationOf({}, VALUES[letter] ?? Number.NaN, samples) };
}

function wordsOf(move: Move): string {
  return move.type === "ended" ? `ended ${move.reason}` : move.type;
}

describe("what comes and lasts", () => {
  test("a breach is pending first, and since then", () => {
    const { statuses, state } = walk("..w");
    expect(statuses).toBe("oop");
    expect(state).toMatchObject({ activeAt: T0 + 2 * EVERY_MS, firedAt: null, episodeId: null, level: "warning" });
  });

  test("a breach fires at once when it need not last", () => {
    const { statuses, moves, state } = walk(".w", { forSec: 0 });
    expect(statuses).toBe("of");
    expect(moves).toEqual(["fired@1"]);
    expect(state).toMatchObject({ activeAt: T0 + EVERY_MS, firedAt: T0 + EVERY_MS, episodeId: "E1" });
  });

  test("a breach that lasts fires, and begins an episode", () => {
    const { statuses, moves, state } = walk("wwwww");
    expect(statuses).toBe("ppfff");
    expect(moves).toEqual(["fired@2"]);
    expect(state).toMatchObject({ activeAt: T0, firedAt: T0 + 2 * EVERY_MS, episodeId: "E2" });
  });

  test("a breach of too few samples stays pending, however long it lasts", () => {
    expect(walk("wwwww", { minSamples: 10 }, 9).statuses).toBe("ppppp");
    expect(walk("wwwww", { minSamples: 10 }, 10).statuses).toBe("ppfff");
  });

  test("a breach that is over before it fires says nothing, and begins anew", () => {
    const { statuses, moves } = walk("ww.ww.ww~ww");
    expect(statuses).toBe("ppoppoppopp");
    expect(moves).toEqual([]);
  });

  test("between the limits nothing begins", () => {
    expect(walk("~~~~").statuses).toBe("oooo");
  });

  test("the worst value is that of the whole breach", () => {
    expect(walk("wwwcw").state).toMatchObject({ peak: 25, peakAt: T0 + 3 * EVERY_MS });
    expect(walk("cww", { op: "lt" }).state).toMatchObject({ peak: 15, peakAt: T0 + EVERY_MS });
  });
});

describe("what goes", () => {
  test("what fires recovers on the good side of its recovery limit", () => {
    const { statuses, state } = walk("www.");
    expect(statuses).toBe("ppfr");
    expect(state).toMatchObject({ recoverAt: T0 + 3 * EVERY_MS, episodeId: "E2" });
  });

  test("between limit and recovery limit it goes on firing", () => {
    expect(walk("www~~~~~~").statuses).toBe("ppfffffff");
  });

  test("what recovers and breaches its recovery limit fires on, without a word", () => {
    const { statuses, moves, state } = walk("www..~");
    expect(statuses).toBe("ppfrrf");
    expect(moves).toEqual(["fired@2"]);
    expect(state).toMatchObject({ recoverAt: null, episodeId: "E2" });
  });

  test("what has been in range for long enough ends", () => {
    const { statuses, moves, state } = walk("www....");
    expect(statuses).toBe("ppfrrro");
    expect(moves).toEqual(["fired@2", "ended recovered@6"]);
    expect(state).toMatchObject({ episodeId: null, firedAt: null, level: null, peak: null });
  });

  test("it ends with the first good sample when it need not be kept", () => {
    expect(walk("www.", { keepFiringSec: 0 }).moves).toEqual(["fired@2", "ended recovered@3"]);
  });

  test("recovering begins anew with each breach", () => {
    expect(walk("www..w..w...").statuses).toBe("ppfrrfrrfrrr");
  });
});

describe("levels", () => {
  test("a worse level counts at once", () => {
    const { moves, state } = walk("wwwc");
    expect(moves).toEqual(["fired@2", "escalated@3"]);
    expect(state).toMatchObject({ level: "critical", limit: 20 });
  });

  test("a milder level counts once it has held as long as the end must", () => {
    const { moves, statuses } = walk("cccwwww");
    expect(statuses).toBe("ppfffff");
    expect(moves).toEqual(["fired@2", "deescalated@6"]);
  });

  test("a level goes with its own limit, for as long as it is held", () => {
    expect(walk("cccww").state).toMatchObject({ level: "critical", limit: 20 });
    expect(walk("ccc~~").state).toMatchObject({ level: "critical", limit: 20 });
    expect(walk("cccwwww").state).toMatchObject({ level: "warning", limit: 10 });
    expect(walk("ccc~~~~").state).toMatchObject({ level: "warning", limit: 10 });
  });

  test("a milder level that does not hold changes nothing", () => {
    expect(walk("cccwwcwwc").moves).toEqual(["fired@2"]);
  });

  test("between the limits the mildest level holds", () => {
    expect(walk("ccc~~~~").moves).toEqual(["fired@2", "deescalated@6"]);
    expect(walk("ccc~~~~", { warn: null }).moves).toEqual(["fired@2"]);
  });

  test("while it recovers the level falls with time, and a breach says which it is", () => {
    expect(walk("ccc..ww", { keepFiringSec: 40 }).moves).toEqual(["fired@2"]);
    expect(walk("ccc...w", { keepFiringSec: 40 }).moves).toEqual(["fired@2"]);
    expect(walk("ccc...ww", { keepFiringSec: 40 }).moves).toEqual(["fired@2", "deescalated@7"]);
  });

  test("what recovers and breaches worse than before escalates", () => {
    expect(walk("www.c").moves).toEqual(["fired@2", "escalated@4"]);
  });
});

describe("no data", () => {
  test("a short lack of data changes nothing", () => {
    const { statuses, state } = walk("www--");
    expect(statuses).toBe("ppfff");
    expect(state.stale).toBe(false);
  });

  test("mode keep: the state stays and is marked, however long it lasts", () => {
    const { statuses, moves, state } = walk(`www${"-".repeat(500)}`);
    expect(statuses).toMatch(/^ppff*$/);
    expect(moves).toEqual(["fired@2"]);
    expect(state.stale).toBe(true);
  });

  test("mode keep: what recovers is never resolved for want of samples", () => {
    const { statuses, moves } = walk(`www.${"-".repeat(50)}`);
    expect(statuses).toMatch(/^ppfr+$/);
    expect(moves).toEqual(["fired@2"]);
  });

  test("mode keep: time without data counts neither for firing nor for its end", () => {
    expect(walk("w------w").statuses).toBe("pppppppp");
    expect(walk("w------ww").statuses.at(-1)).toBe("f");
    expect(walk("www.------.").statuses.at(-1)).toBe("r");
    expect(walk("www.------...").statuses.at(-1)).toBe("o");
  });

  test("mode keep: what was only pending is dropped after an hour", () => {
    expect(walk(`w${"-".repeat(359)}`).statuses.at(-1)).toBe("p");
    const { statuses, moves } = walk(`w${"-".repeat(360)}`);
    expect(statuses.at(-1)).toBe("o");
    expect(moves).toEqual([]);
  });

  test("mode ok: no data is in range", () => {
    const noData = { mode: "ok", afterSec: 30 } as const;
    expect(walk("w---", { noData }).statuses).toBe("pppo");
    const { statuses, moves } = walk("www---", { noData });
    expect(statuses).toBe("ppfffo");
    expect(moves).toEqual(["fired@2", "ended no_data_ok@5"]);
  });

  test("mode no_data: a state and an episode of its own, which end with the data", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    const { statuses, moves, state } = walk(".----", { noData });
    expect(statuses).toBe("ooonn");
    expect(moves).toEqual(["lost@3"]);
    expect(state).toMatchObject({ episodeId: "E3", firedAt: null, value: null, level: "warning" });
    expect(walk(".----....", { noData })).toMatchObject({
      statuses: "ooonnrrro",
      moves: ["lost@3", "ended recovered@8"],
    });
  });

  test("mode no_data: what fires keeps its episode, and fires on with the data", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    const { statuses, moves, state } = walk("www----w", { noData });
    expect(statuses).toBe("ppfffnnf");
    expect(moves).toEqual(["fired@2", "lost@5"]);
    expect(state.episodeId).toBe("E2");
    expect(walk("www----....", { noData })).toMatchObject({
      statuses: "ppfffnnrrro",
      moves: ["fired@2", "lost@5", "ended recovered@10"],
    });
  });

  test("mode no_data: data that breach end the lack of data, and are pending", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    expect(walk(".---www", { noData })).toMatchObject({
      statuses: "ooonppf",
      moves: ["lost@3", "ended recovered@4", "fired@6"],
    });
    expect(walk(".---.w", { noData, forSec: 0 }).moves).toEqual(["lost@3", "ended recovered@5", "fired@5"]);
  });

  test("mode firing: no data is a breach that must last too", () => {
    const noData = { mode: "firing", afterSec: 30 } as const;
    const { statuses, moves } = walk(".------....", { noData });
    expect(statuses).toBe("ooopp" + "ff" + "rrro");
    expect(moves).toEqual(["fired@5", "ended recovered@10"]);
  });

  test("mode firing: the first value in range that comes back is not the worst it was", () => {
    const parts = { forSec: 0, noData: { mode: "firing", afterSec: 30 } } as const;
    const back = walk(".---.", parts);
    expect(back.statuses).toBe("ooofr");
    expect(back.state).toMatchObject({ peak: null, peakAt: null });
    expect(walk(".---~", parts).state).toMatchObject({ status: "firing", peak: null });
    expect(walk(".---~w", parts).state).toMatchObject({ status: "firing", peak: 15 });
  });

  test("a rule that watches for data fires when there are none, whatever its mode", () => {
    const parts = { kind: "no_data", warn: null, crit: null, recovery: null, forSec: 0 } as const;
    const { statuses, state } = walk(".---", parts);
    expect(statuses).toBe("ooof");
    expect(state.level).toBe("critical");
  });

  test("what has ended as it should is over, not missing", () => {
    expect(walk("wwwx").moves).toEqual(["fired@2", "ended series_ended@3"]);
    expect(walk("wx")).toMatchObject({ statuses: "po", moves: [] });
  });
});

describe("a rule that fails", () => {
  test("is in error, and goes on from where it was", () => {
    expect(walk("www!!w")).toMatchObject({ statuses: "ppfeef", moves: ["fired@2"] });
    expect(walk("www.!.").statuses).toBe("ppfrer");
    expect(walk("w!w").statuses).toBe("pep");
    expect(walk(".!.").statuses).toBe("oeo");
    expect(walk(".---!.", { noData: { mode: "no_data", afterSec: 30 } }).statuses).toBe("oooner");
  });

  test("time in error counts for nothing", () => {
    expect(walk("w!!!!!w").statuses.at(-1)).toBe("p");
    expect(walk("www.!!!!!.").statuses.at(-1)).toBe("r");
  });

  test("what has ended meanwhile ends", () => {
    expect(walk("www!x").moves).toEqual(["fired@2", "ended series_ended@4"]);
  });
});

describe("a restart", () => {
  test.each([
    ["in range", "..|...www"],
    ["pending", "w|ww"],
    ["firing", "www|w...."],
    ["recovering", "www.|..."],
    ["on its way down", "cccw|www"],
    ["stale", "www---|-w...."],
    ["in error", "www!|w...."],
  ])("goes on as if nothing had been: %s", (_, story) => {
    expect(walk(story)).toEqual(walk(story.replace("|", "")));
  });

  test("goes on as if nothing had been: without data", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    for (const story of [".---|-....", "www---|-....", ".---|www"]) {
      expect(walk(story, { noData })).toEqual(walk(story.replace("|", ""), { noData }));
    }
  });

  test("goes on as if nothing had been: flapping", () => {
    const parts = { forSec: 0, keepFiringSec: 0, flap: { transitions: 4, windowSec: 1800, holdSec: 60 } };
    expect(walk("w.w.|......", parts)).toEqual(walk("w.w.......", parts));
  });

  test("time in which nobody looked does not count for firing", () => {
    expect(walk("w|5w").statuses).toBe("pp");
    expect(walk("w|5ww").statuses).toBe("ppf");
  });

  test("time in which nobody looked does not count for the end, nor for the way down", () => {
    expect(walk("www.|5.").statuses.at(-1)).toBe("r");
    expect(walk("www.|5...").statuses.at(-1)).toBe("o");
    expect(walk("cccw|5w").moves).toEqual(["fired@2"]);
    expect(walk("cccw|5www").moves).toEqual(["fired@2", "deescalated@11"]);
  });

  test("nor does the time without data before it", () => {
    // Pending for 10 s, then 20 s without data, then nobody looked: there are 10 s to go.
    const noData = { mode: "keep", afterSec: 10 } as const;
    expect(walk("w--|9w", { noData }).statuses).toBe("pppp");
    expect(walk("w--|9ww", { noData }).statuses.at(-1)).toBe("f");
    expect(walk("www.--|9.", { noData }).statuses.at(-1)).toBe("r");
  });

  test("time in which nobody looked is no lack of data, nor are the two evaluations after it", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    expect(walk("www|9-----", { noData }).statuses).toBe("ppf" + "fffff");
    expect(walk("www|9------", { noData }).statuses).toBe("ppf" + "fffffn");
  });
});

describe("a clock that is set back", () => {
  test("what waits waits on, no longer and no shorter", () => {
    expect(walk("w<www").statuses).toBe("ppff");
    expect(walk("www.<....").statuses).toBe("ppfrrroo");
    expect(walk("cccw<wwww").moves).toEqual(["fired@2", "deescalated@-354"]);
  });

  test("nothing lies ahead of it: a lack of data and flapping are seen as before", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    expect(walk("www<------", { noData }).statuses).toBe("ppf" + "fffffn");
    const flap = { transitions: 4, windowSec: 1800, holdSec: 60 };
    const { state } = walk("w.w<.", { forSec: 0, keepFiringSec: 0, flap });
    expect(state.transitions).toEqual([-357, -357, -357, -357].map((turn) => T0 + turn * EVERY_MS));
    expect(state.flappingAt).not.toBeNull();
  });
});

describe("flapping", () => {
  const flap = { transitions: 4, windowSec: 600, holdSec: 60 };
  const parts = { forSec: 0, keepFiringSec: 0, flap };

  test("with enough transitions it is held, and does not end", () => {
    const { statuses, moves, state } = walk("w.w.w", parts);
    expect(statuses).toBe("fofrf");
    expect(moves).toEqual(["fired@0", "ended recovered@1", "fired@2"]);
    expect(state.flappingAt).toBe(T0 + 3 * EVERY_MS);
  });

  test("what flaps ends after its hold", () => {
    expect(walk("w.w.......", parts)).toMatchObject({
      statuses: "fofrrrrrro",
      moves: ["fired@0", "ended recovered@1", "fired@2", "ended recovered@9"],
    });
  });

  test("each further breach makes the hold longer by half", () => {
    const { statuses } = walk("w.w.w..........", parts);
    expect(statuses).toBe("fofrfrrrrrrrrro");
  });

  test("half as long again, to the second", () => {
    const long = { ...parts, flap: { transitions: 4, windowSec: 600, holdSec: 100 } };
    const good = (story: string): number => (walk(story, long).statuses.match(/r*o$/)?.[0].length ?? 0) - 1;
    expect(good(`w.w.${".".repeat(10)}`)).toBe(10);
    expect(good(`w.w.w.${".".repeat(15)}`)).toBe(15);
    expect(good(`w.w.w.w.${".".repeat(23)}`)).toBe(23);
  });

  test("it is held for an hour at most", () => {
    const longFlap = { transitions: 2, windowSec: 7200, holdSec: 900 };
    const story = `${"w.".repeat(20)}${".".repeat(359)}`;
    expect(walk(story, { ...parts, flap: longFlap }).statuses.at(-1)).toBe("r");
    expect(walk(`${story}.`, { ...parts, flap: longFlap }).statuses.at(-1)).toBe("o");
  });

  test("it ends after a window without any transition", () => {
    const during = walk(`w.w.${".".repeat(59)}`, parts).state;
    expect(during.flappingAt).not.toBeNull();
    const afterwards = walk(`w.w.${".".repeat(60)}`, parts).state;
    expect(afterwards).toMatchObject({ flappingAt: null, holds: 0 });
  });

  test("few transitions, or such that are long ago, are no flapping", () => {
    expect(walk("w.w", parts).state.flappingAt).toBeNull();
    const rarely = `w.${".".repeat(60)}w.`;
    expect(walk(rarely, parts).state.flappingAt).toBeNull();
  });

  test("the newest 21 transitions are remembered", () => {
    const noFlap = { ...parts, flap: null };
    expect(walk("w.".repeat(20), noFlap).state.transitions).toHaveLength(21);
    expect(walk("w.".repeat(20), noFlap).moves.filter((move) => move.startsWith("fired"))).toHaveLength(20);
  });

  test("what flaps for want of data is held like any other", () => {
    const noData = { mode: "ok", afterSec: 10 } as const;
    expect(walk("w-w-w-", { ...parts, noData }).statuses).toBe("fofrfr");
  });
});
