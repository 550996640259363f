// The whole set-up for a `ws` server: one line.
//   node examples/ws.mjs    then open the link it prints
import { WebSocketServer } from "ws";
import { monitor } from "wsight";

const wss = new WebSocketServer({ port: 8080, host: "127.0.0.1" });
wss.on("connection", (ws) => {
  ws.on("message", (data) => ws.send(`echo: ${data}`));
});

await monitor({ wss }, { service: "echo" });
