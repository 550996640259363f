import { createAnnouncer, type TextStream } from "../announcer.ts";
import { type Monitor, startMonitor } from "../monitor.ts";
import type { MonitorOptions } from "../monitor-options.ts";
import { type DemoApplication, startApplication } from "./application.ts";
import { type DemoClients, startClients } from "./clients.ts";
import { type Documents, startDocuments } from "./documents/documents.ts";
import { tellProbe } from "./documents/tell-probe.ts";
import type { OnDemoError } from "./guarded.ts";
import { createRhythm } from "./rhythm.ts";
import { type DemoSources, openSources } from "./sources.ts";

const CHAT_CLIENTS = 42;
const TICKER_CLIENTS = 17;
const SHOP_CLIENTS = 9;
const DEFAULT_SEED = 4700;

/** How the demo is run. */
export interface DemoOptions {
  /** What `monitor` is given beside the demo's own. */
  readonly monitor: Pick<MonitorOptions, "port" | "host" | "data" | "secret" | "store">;
  /** TCP port of the application. @default 0, a free one */
  readonly appPort?: number;
  /** The same seed gives the same people with the same habits. @default 4700 */
  readonly seed?: number;
  /** Where it tells what it does. */
  readonly stream: TextStream;
}

/** The running demo. */
export interface Demo {
  readonly link: string | null;
  /** Address of the application. */
  readonly appUrl: string;
  /** Resolves with the reason when the clients end without being told to. */
  readonly clientsFailed: Promise<string>;
  /** Ends clients, servers and hub; safe to call twice. */
  close(): Promise<void>;
}

/** Starts an application, monitors it, and lets clients loose on it; a service for documents works beside it. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const announcer = createAnnouncer(options.stream);
  const sources = await openSources(process.env, (text) => announcer.say("note", text));
  try {
    return await startWith(sources, options);
  } catch (error) {
    await sources.close();
    throw error;
  }
}

async function startWith(sources: DemoSources, options: DemoOptions): Promise<Demo> {
  const { seed = DEFAULT_SEED, appPort = 0, stream } = options;
  const errors = createErrorRelay();
  const app = await startApplication({ port: appPort, seed, onError: errors.report, sources });
  try {
    const { redis, pool } = sources;
    const watch = await startMonitor(
      { io: app.io, wss: app.wss, ...(redis === null ? {} : { redis }), ...(pool === null ? {} : { pool }) },
      { service: "demo", ...options.monitor, getUser: app.userOf, getEvent: app.eventOf },
      stream,
    );
    errors.to(watch.probe.trackError);
    const clients = startClients({
      url: app.url,
      seed,
      chatClients: CHAT_CLIENTS,
      tickerClients: TICKER_CLIENTS,
      shopClients: SHOP_CLIENTS,
    });
    const documents = startDocuments({ seed, rhythm: createRhythm(seed), news: tellProbe(watch.probe) });
    return present({ app, sources, watch, clients, documents });
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The application is there before anybody listens to its errors. */
function createErrorRelay(): { readonly report: OnDemoError; readonly to: (listener: OnDemoError) => void } {
  let listener: OnDemoError | undefined;
  return {
    report: (type, message) => listener?.(type, message),
    to: (next) => {
      listener = next;
    },
  };
}

function present(parts: {
  readonly app: DemoApplication;
  readonly sources: DemoSources;
  readonly watch: Monitor;
  readonly clients: DemoClients;
  readonly documents: Documents;
}): Demo {
  const { app, sources, watch, clients, documents } = parts;
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    documents.close();
    await clients.close();
    await Promise.all([app.close(), watch.close()]);
    await sources.close();
  };
  return {
    link: watch.link,
    appUrl: app.url,
    clientsFailed: clients.failed,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
