import { isLoopback } from "../access/address.ts";
import { bytesOf, check, type Examination, findingsOf, noteOf, titleOf } from "./facts.ts";

/** A payload limit above this lets one client fill the memory, bytes. */
const PAYLOAD_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;
const SECRET = { text: "Set a secret", code: 'export WSIGHT_SECRET="$(openssl rand -base64 32)"' } as const;

const access: Examination = ({ setup: { configured }, asker }) => {
  if (configured)
    return [check({ id: "production.secret", area: "production", state: "ok", title: "Who may read is configured" })];
  const { mounted } = asker.client;
  return [
    check({
      id: "production.secret",
      area: "production",
      state: "warn",
      title: "The secret was made by itself",
      detail: mounted
        ? "Until one is configured, the mounted dashboard opens on this machine alone, and not behind a proxy."
        : "It lies in the data directory; tokens and sessions end when that is lost, and differ between machines.",
      fix: SECRET,
    }),
  ];
};

const reach: Examination = ({ setup: { host } }) => [
  isLoopback(host)
    ? check({
        id: "production.host",
        area: "production",
        state: "ok",
        title: `The hub listens on ${host}: this machine alone reaches it directly`,
      })
    : check({
        id: "production.host",
        area: "production",
        state: "info",
        title: `The hub listens on ${host}: other machines reach it`,
        detail: "It speaks no TLS by itself.",
        fix: {
          text: "Put a reverse proxy with TLS in front, or let it listen on loopback",
          code: "export WSIGHT_HOST=127.0.0.1",
        },
      }),
];

const origins: Examination = ({ setup: { allowedOrigins, allowedHosts } }) => {
  const plain = allowedOrigins.filter((origin) => origin.startsWith("http:") && !isLoopback(new URL(origin).hostname));
  const names = allowedHosts.length === 0 ? "localhost" : `localhost, ${allowedHosts.join(", ")}`;
  return [
    plain.length > 0
      ? check({
          id: "production.origins",
          area: "production",
          state: "warn",
          title: "Pages without TLS may talk to this hub",
          detail: plain.join(", "),
          fix: { text: "Allow https: origins alone", code: 'allowedOrigins: ["https://ops.example.org"]' },
        })
      : check({
          id: "production.origins",
          area: "production",
          state: "ok",
          title: "Pages of other sites are held off",
          detail: `It answers to ${names}; further origins: ${allowedOrigins.join(", ") || "none"}.`,
        }),
  ];
};

const tls: Examination = ({ asker: { client } }) => {
  if (client.secure)
    return [check({ id: "production.tls", area: "production", state: "ok", title: "You came by TLS" })];
  if (client.local)
    return [
      check({
        id: "production.tls",
        area: "production",
        state: "ok",
        title: "You came from this machine, where no TLS is needed",
      }),
    ];
  return [
    check({
      id: "production.tls",
      area: "production",
      state: "fail",
      title: "You came without TLS from another machine",
      detail: client.proxied
        ? "Or the proxy in front does not say that there is TLS. Sessions and tokens can be read on the way."
        : "Sessions and tokens can be read on the way.",
      fix: client.proxied
        ? { text: "Let the proxy say it (nginx)", code: "proxy_set_header X-Forwarded-Proto $scheme;" }
        : { text: "Put a reverse proxy with TLS in front", code: null },
    }),
  ];
};

const proxies: Examination = ({ asker: { client }, setup: { trustProxy } }) =>
  client.proxied && trustProxy === 0
    ? [
        check({
          id: "production.trust-proxy",
          area: "production",
          state: "warn",
          title: "All clients behind the proxy share one limit",
          detail:
            "The proxy names its clients in X-Forwarded-For, which is believed only when you say how many there are.",
          fix: { text: "Say how many proxies are in front", code: "export WSIGHT_TRUST_PROXY=1" },
        }),
      ]
    : [];

const environment: Examination = ({ setup: { nodeEnv } }) =>
  nodeEnv === "production"
    ? []
    : [
        check({
          id: "production.node-env",
          area: "production",
          state: "info",
          title: nodeEnv === "" ? "NODE_ENV is not set" : `NODE_ENV is ${nodeEnv}`,
          detail: "Express and others are slower and tell more of their errors unless it is production.",
          fix: { text: "In production, set it", code: "export NODE_ENV=production" },
        }),
      ];

const token: Examination = ({ at, asker: { tokenUntil } }) => {
  if (tokenUntil === null) return [];
  const days = (tokenUntil - at) / DAY_MS;
  return days <= 90
    ? []
    : [
        check({
          id: "production.token",
          area: "production",
          state: "warn",
          title: `Your token is good for ${Math.round(days)} days`,
          detail: "Whoever finds it can read all that time; a single token can't be taken back.",
          fix: { text: "Make shorter ones", code: "npx wsight token --role viewer --sub ID --ttl 30d" },
        }),
      ];
};

const viewers: Examination = ({ hub, setup: { maxViewers } }) =>
  hub.viewers < maxViewers * 0.8
    ? []
    : [
        check({
          id: "production.viewers",
          area: "production",
          state: "warn",
          title: `${hub.viewers} of at most ${maxViewers} viewers watch`,
          detail: "Beyond, viewers are refused.",
          fix: { text: "Allow more", code: `export WSIGHT_MAX_VIEWERS=${maxViewers * 2}` },
        }),
      ];

const payloads: Examination = (facts) =>
  findingsOf(facts).flatMap(({ node, finding }) => {
    const limit = noteOf(finding, "payload limit");
    const bytes = limit === null ? null : bytesOf(limit);
    if (limit === null || (bytes !== null && bytes <= PAYLOAD_BYTES)) return [];
    const isWs = finding.library === "ws";
    return check({
      id: "production.payload",
      area: "production",
      state: "warn",
      title: `${titleOf(finding)} takes messages of up to ${limit === "none" ? "any size" : limit}`,
      detail: `A few clients that send such messages at once fill the memory.${isWs ? " It is the default of ws." : ""}`,
      fix: {
        text: "Set what your messages need",
        code: isWs
          ? "new WebSocketServer({ server, maxPayload: 64 * 1024 });"
          : "new Server(server, { maxHttpBufferSize: 64 * 1024 });",
      },
      node,
    });
  });

/** What to close before others come. */
export const PRODUCTION: readonly Examination[] = [
  access,
  reach,
  origins,
  tls,
  proxies,
  environment,
  token,
  viewers,
  payloads,
];
