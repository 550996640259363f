// Asks a server for `/api/users` as often as it is told, over 16 connections
// that stay open, one request under way on each.
import { Agent, request } from "node:http";

const CONNECTIONS = 16;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function ask(port) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path: "/api/users", agent }, (response) => {
      response.resume();
      response.once("end", resolve);
    });
    call.once("error", reject);
    call.end();
  });
}

process.on("message", async ({ port, requests }) => {
  let left = requests;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (left-- > 0) await ask(port);
    }),
  );
  process.send("done");
});
process.send("ready");
