/**
 * The clients of the demo, in a process of their own so that the application
 * has its event loop for itself. Started by `startClients` with a
 * {@link ClientsSetting} as JSON; ends when told to, or when its parent is gone.
 */
import { setMaxListeners } from "node:events";
import { parseJson } from "@wsight/protocol";
import { type ClientSetting, runChatClient, type Transports } from "./chat-client.ts";
import { parseClientsSetting } from "./clients-setting.ts";
import { pause } from "./pause.ts";
import { createRandom } from "./random.ts";
import { createRhythm } from "./rhythm.ts";
import { runRudeClient } from "./rude-client.ts";
import { runShopClient } from "./shop-client.ts";
import { runTickerClient } from "./ticker-client.ts";

/** How long clients may take to say goodbye, in ms. */
const GOODBYE_MS = 150;
/** All have arrived after this, in ms. */
const ARRIVAL_MS = 1_200;

const { url, seed, chatClients, tickerClients, shopClients } = parseClientsSetting(
  parseJson("BAD_OPTION", "clients", process.argv[2] ?? ""),
);
const ending = new AbortController();
// Every client that waits listens to it.
setMaxListeners(0, ending.signal);
const rhythm = createRhythm(seed);
const startedAt = Date.now();

function end(): void {
  if (ending.signal.aborted) return;
  ending.abort();
  setTimeout(() => process.exit(0), GOODBYE_MS);
}

async function arrive(index: number, prefix: string, run: (setting: ClientSetting) => Promise<void>): Promise<void> {
  const random = createRandom(seed * 1009 + index);
  const setting: ClientSetting = {
    url,
    user: `${prefix}-${String(index).padStart(2, "0")}`,
    random,
    busy: () => rhythm(Date.now() - startedAt),
    signal: ending.signal,
  };
  if (await pause(random() * ARRIVAL_MS, ending.signal)) await run(setting);
}

function transportsOf(index: number): Transports {
  if (index % 10 === 9) return ["polling"];
  return index % 4 === 3 ? ["polling", "websocket"] : ["websocket"];
}

// A Ctrl-C in a terminal reaches every process there; the parent says when to end.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", end);
process.on("message", end);
process.on("disconnect", end);
// A parent that ended while this was loading is not told of any more.
if (!process.connected) end();
for (let i = 0; i < chatClients; i++) void arrive(i, "user", (setting) => runChatClient(setting, transportsOf(i)));
for (let i = 0; i < tickerClients; i++) void arrive(chatClients + i, "screen", runTickerClient);
void arrive(chatClients + tickerClients, "rude", runRudeClient);
for (let i = 0; i < shopClients; i++) void arrive(chatClients + tickerClients + 1 + i, "buyer", runShopClient);
