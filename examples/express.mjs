// An Express app: its requests by route, its Socket.IO, and the dashboard on its
// own port, below /ops.
//   node examples/express.mjs    then open the link it prints
import express from "express";
import { Server } from "socket.io";
import { monitor } from "wsight";

const app = express();
const users = express.Router({ mergeParams: true });
users.get("/:id", (request, response) => response.json(request.params));
app.use("/api/:tenant/users", users);
app.get("/", (_request, response) => response.send("hello"));
const server = app.listen(3000, "127.0.0.1");

const io = new Server(server);
io.on("connection", (socket) => socket.on("message", (text) => io.emit("message", text)));

// Counted as GET /api/:tenant/users/:id, whoever asks.
await monitor({ io, app, server }, { service: "express-app", mount: "/ops" });
