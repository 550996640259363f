import type { AlertEpisode } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import { parseNote, parseNoteText, parseSnooze } from "../../alerts/parse/commands.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import type { Route } from "../route.ts";

/** What people do with an alert that fires. */
export interface AlertEpisodeParts {
  readonly alerts: Alerts;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

interface Command {
  /** Last word of the path. */
  readonly word: string;
  readonly action: string;
  readonly summary: string;
  readonly body: NonNullable<Route["body"]>;
  /** Reads the body, then does it. */
  readonly run: (id: string, by: string, body: unknown) => Promise<AlertEpisode>;
}

const NOTHING = { type: "object", additionalProperties: false } as const;
const TEXT = { type: "string", maxLength: 1000 } as const;

/** Everything that can be done with a firing, one line each. */
export function alertEpisodeRoutes({ alerts, audit, now }: AlertEpisodeParts): readonly Route[] {
  const commands: readonly Command[] = [
    {
      word: "ack",
      action: "alert.acknowledge",
      summary: "Acknowledge an alert: nobody is reminded of it any more until it ends; audited",
      body: { ...NOTHING, properties: { note: TEXT } },
      run: (id, by, body) => alerts.acknowledge(id, by, parseNote(body)),
    },
    {
      word: "unack",
      action: "alert.acknowledge",
      summary: "Take an acknowledgement back; audited",
      body: NOTHING,
      run: (id, by) => alerts.unacknowledge(id, by),
    },
    {
      word: "snooze",
      action: "alert.snooze",
      summary: "Say nothing of an alert for a minute to a week, or speak of it again (forSec 0); audited",
      body: {
        ...NOTHING,
        properties: {
          forSec: { type: "integer", minimum: 0, maximum: 604_800 },
          until: { type: "integer", description: "ms since 1970, instead of forSec" },
        },
      },
      run: (id, by, body) => alerts.snooze(id, by, parseSnooze(body, now())),
    },
    {
      word: "note",
      action: "alert.note",
      summary: "Write something to an alert; audited",
      body: { ...NOTHING, required: ["text"], properties: { text: { ...TEXT, minLength: 1 } } },
      run: (id, by, body) => alerts.note(id, by, parseNoteText(body)),
    },
    {
      word: "resolve",
      action: "alert.resolve",
      summary: "End an alert by hand: it fires anew once it was in range and is beyond its limit again; audited",
      body: NOTHING,
      run: (id, by) => alerts.resolve(id, by),
    },
  ];
  return commands.map(({ word, run, ...route }) =>
    auditedRoute(audit, {
      ...route,
      method: "POST",
      path: `/api/alerts/episodes/:id/${word}`,
      refuses: [409, 503],
      handle: async ({ params: { id = "" }, body }, by) => {
        const episode = await run(id, by, body);
        return { reply: { json: episode }, detail: `${word} ${episode.name}` };
      },
    }),
  );
}
