import { get, type UpgradeReply, upgrade } from "./exchange.ts";
import { errorOf } from "./identity.ts";
import type { Place } from "./place.ts";
import { nginxLines } from "./proxy-lines.ts";
import { messageOf } from "./reach.ts";
import { type WayCheck, wayCheck } from "./way-check.ts";

const PATH = "/ws/live";
/** No page is ever served from there. */
const FOREIGN_ORIGIN = "https://another-site.invalid";
/** The hub's first words come at once; a proxy that gathers holds them back. */
const FIRST_WORDS_MS = 4000;

/** Tries the ways live figures take: WebSocket, event stream, and what must not pass. Never rejects. */
export async function tryLiveWays(place: Place, token: string | null): Promise<readonly WayCheck[]> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const socket = await attempt("websocket", async () =>
    judgeUpgrade(place, await upgrade(place, PATH, { ...headers, origin: place.origin }), token !== null),
  );
  if (token === null) return [socket];
  const stream = await attempt("stream", () => tryStream(place, headers));
  if (socket.state === "fail") return [socket, stream];
  const foreign = await attempt("origin", async () =>
    judgeForeign(await upgrade(place, PATH, { ...headers, origin: FOREIGN_ORIGIN })),
  );
  return [socket, foreign, stream];
}

async function attempt(id: string, make: () => Promise<WayCheck>): Promise<WayCheck> {
  try {
    return await make();
  } catch (error) {
    return wayCheck({ id, state: "fail", title: TITLES[id] ?? "", detail: messageOf(error) });
  }
}

const TITLES: Readonly<Record<string, string>> = {
  websocket: "WebSockets are cut on the way",
  stream: "Event streams are cut on the way",
  origin: "The connection was cut when another site was named",
};

function judgeUpgrade(place: Place, reply: UpgradeReply, hasToken: boolean): WayCheck {
  const id = "websocket";
  const fix = { text: "Let the proxy pass upgrades on (nginx)", code: nginxLines(place) };
  if (reply.status === 101) {
    if (reply.message) return wayCheck({ id, state: "ok", title: "WebSockets get through" });
    return wayCheck({
      id,
      state: "fail",
      title: "A WebSocket opens, and nothing comes through it",
      detail: "A proxy in between says yes and keeps the bytes.",
      fix,
    });
  }
  const { status, json } = reply as Extract<UpgradeReply, { json: unknown }>;
  const error = errorOf(json);
  if (error?.code === "UNAUTHENTICATED" && !hasToken)
    return wayCheck({
      id,
      state: "ok",
      title: "Upgrades get through",
      detail: "Not tried to the end without a token.",
    });
  if (error?.code === "BAD_ORIGIN")
    return wayCheck({
      id,
      state: "fail",
      title: "The hub takes its own page for another site's",
      detail: `${error.message}. A proxy in front changes the Host header.`,
      fix: { text: "Let the proxy keep it (nginx)", code: "proxy_set_header Host $host;" },
    });
  if (error !== null && error.code !== "NOT_FOUND")
    return wayCheck({ id, state: "fail", title: `A WebSocket is refused with ${error.code}`, detail: error.message });
  return wayCheck({
    id,
    state: "fail",
    title: "A proxy strips Upgrade: WebSockets do not get through",
    detail: `The answer to an upgrade was ${status} instead of 101${
      error === null ? "" : ", from the hub, which saw an ordinary request"
    }. The dashboard falls back to an event stream.`,
    fix,
  });
}

function judgeForeign(reply: UpgradeReply): WayCheck {
  const refused = reply.status !== 101 && errorOf((reply as { json?: unknown }).json)?.code === "BAD_ORIGIN";
  if (refused) return wayCheck({ id: "origin", state: "ok", title: "Pages of other sites are refused" });
  return wayCheck({
    id: "origin",
    state: reply.status === 101 ? "fail" : "warn",
    title:
      reply.status === 101
        ? "A page of another site could connect"
        : `A page of another site got ${reply.status}, not the hub's refusal`,
    detail: `It named itself ${FOREIGN_ORIGIN}. Does a proxy remove or rewrite the Origin header?`,
    fix: { text: "Let the proxy keep it: take out what sets Origin", code: null },
  });
}

async function tryStream(place: Place, headers: Readonly<Record<string, string>>): Promise<WayCheck> {
  const id = "stream";
  const wish = { headers: { ...headers, accept: "text/event-stream" }, firstBytesMs: FIRST_WORDS_MS };
  const { status, text, headers: got } = await get(place, "/api/live", wish);
  if (status === 404) return wayCheck({ id, state: "info", title: "This hub has no event streams" });
  if (status !== 200 || !String(got["content-type"]).startsWith("text/event-stream"))
    return wayCheck({ id, state: "fail", title: `An event stream was answered with ${status}` });
  if (text !== "") return wayCheck({ id, state: "ok", title: "Event streams get through as they come" });
  return wayCheck({
    id,
    state: "fail",
    title: "A proxy gathers answers before it passes them on",
    detail: `An event stream told nothing for ${FIRST_WORDS_MS / 1000} s.`,
    fix: { text: "Switch that off (nginx)", code: "proxy_buffering off;\nproxy_cache off;\ngzip off;" },
  });
}
