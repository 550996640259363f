import type { Finding } from "@wsight/protocol";

/** What an announcer writes to. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Tells people what happens, one line a fact: `wsight ▸ found  …`. */
export interface Announcer {
  found(findings: readonly Finding[]): void;
  open(link: string): void;
  runsAgain(url: string, restarts: number): void;
  /** Any other line. `word` is at most five letters. */
  say(word: string, text: string): void;
}

const TITLES: Readonly<Record<string, string>> = { "socket.io": "Socket.IO", bullmq: "BullMQ" };
const STYLES = { dim: 2, green: 32, yellow: 33, cyan: 36 } as const;

/** @param environment `NO_COLOR` is respected, and nothing but a terminal gets colours */
export function createAnnouncer(
  stream: TextStream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Announcer {
  const colours = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const paint = (style: keyof typeof STYLES, text: string): string =>
    colours ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  const say = (word: string, text: string, style: keyof typeof STYLES = "green"): void => {
    stream.write(`${paint("dim", "wsight ▸")} ${paint(style, word.padEnd(5))}  ${text}\n`);
  };

  return {
    say,
    found(findings) {
      if (findings.length === 0)
        say(
          "found",
          "nothing to watch yet: pass io, wss, app, server, pool, prisma, redis, queue or worker, or count by hand with probe",
          "yellow",
        );
      const width = Math.max(...findings.map((finding) => titleOf(finding).length));
      for (const finding of findings) {
        const title = finding.notes.length === 0 ? titleOf(finding) : titleOf(finding).padEnd(width);
        const notes = finding.notes.length === 0 ? "" : paint("dim", `  (${finding.notes.join(" · ")})`);
        if (finding.state === "attached") say("found", `${title}${notes}`);
        else say("part", `${title}${notes}`, "yellow");
      }
    },
    open: (link) => say("open", `${paint("cyan", link)}   ${paint("dim", "(one-time link, valid 15 minutes)")}`),
    runsAgain: (url, restarts) => say("hub", `runs again at ${url} (restart ${restarts})`),
  };
}

function titleOf({ library, version }: Finding): string {
  const title = TITLES[library] ?? library;
  return version === null ? title : `${title} ${version}`;
}
