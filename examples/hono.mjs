// A Hono app on Node: its requests by route, its Socket.IO, and the dashboard on its own port.
//   node examples/hono.mjs    then open the link it prints
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Server } from "socket.io";
import { monitor } from "wsight";

const app = new Hono();
app.get("/api/:tenant/users/:id", (context) => context.json(context.req.param()));
app.get("/", (context) => context.text("hello"));
const server = serve({ fetch: app.fetch, port: 3000, hostname: "127.0.0.1" });

const io = new Server(server);
io.on("connection", (socket) => socket.on("message", (text) => io.emit("message", text)));

await monitor({ io, app, server }, { service: "hono-app" });
