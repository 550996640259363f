// A Fastify app: its requests by route, a `ws` server, and the dashboard on its own port.
//   node examples/fastify.mjs    then open the link it prints
import fastify from "fastify";
import { WebSocketServer } from "ws";
import { monitor } from "wsight";

const app = fastify();
app.get("/api/:tenant/users/:id", async (request) => request.params);
app.get("/", async () => "hello");

const wss = new WebSocketServer({ server: app.server, path: "/chat" });
wss.on("connection", (ws) => ws.on("message", (data) => ws.send(`echo: ${data}`)));

// As `server` it is watched and shows the dashboard; as `app` it would only be watched.
await monitor({ wss, server: app }, { service: "fastify-app" });
await app.listen({ port: 3000 });
