import { WebSocket } from "ws";

/** A signed-in reader of a hub. */
export interface HubClient {
  get(path: string): Promise<unknown>;
  /** The hub's row as the live session tells it first. */
  hubRow(): Promise<{ restarts: number; lastRestart: string | null }>;
}

/** Signs in with a one-time link, as the page does. */
export async function signIn(link: string): Promise<HubClient> {
  const { origin, hash } = new URL(link);
  const reply = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ code: hash.slice("#code=".length) }),
  });
  if (!reply.ok) throw new Error(`sign-in: ${reply.status} ${await reply.text()}`);
  const cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";
  return {
    async get(path) {
      const answer = await fetch(origin + path, { headers: { cookie } });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    hubRow: () => readHubRow(origin, cookie),
  };
}

function readHubRow(origin: string, cookie: string): Promise<{ restarts: number; lastRestart: string | null }> {
  const ws = new WebSocket(`${origin.replace("http", "ws")}/ws/live`, { headers: { cookie, origin } });
  return new Promise((resolve, reject) => {
    ws.on("error", reject);
    ws.on("open", () => ws.send(JSON.stringify({ type: "subscribe", id: 1, series: [], tables: ["hub"] })));
    ws.on("message", (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(String(data));
      if (message.type === "error") reject(new Error(JSON.stringify(message)));
      if (message.type !== "table" || message.table !== "hub") return;
      resolve(message.rows);
      ws.close();
    });
  });
}
