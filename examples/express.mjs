// An Express app with the dashboard on its own port, below /ops.
//   node examples/express.mjs    then open the link it prints
import express from "express";
import { Server } from "socket.io";
import { monitor } from "wsight";

const app = express();
app.get("/", (_request, response) => response.send("hello"));
const server = app.listen(3000, "127.0.0.1");

const io = new Server(server);
io.on("connection", (socket) => socket.on("message", (text) => io.emit("message", text)));

await monitor({ io, server }, { service: "express-app", mount: "/ops" });
