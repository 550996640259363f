// A Socket.IO server with users: say whose connection it is, and the page can
// show connections by user. Ids can be hashed before they leave the process.
//   node examples/socket-io.mjs    then open the link it prints
import { createServer } from "node:http";
import { Server } from "socket.io";
import { monitor } from "wsight";

const server = createServer();
const io = new Server(server);
io.on("connection", (socket) => {
  socket.on("chat:message", (text, ack) => {
    socket.broadcast.emit("chat:message", text);
    ack?.("sent");
  });
});
server.listen(3000, "127.0.0.1");

await monitor(
  { io },
  {
    service: "chat",
    getUser: (socket) => socket.handshake.auth.userId,
    hashUsers: true,
  },
);
