// Counting by hand, for a server that no integration covers.
//   node examples/track-api.mjs    then open the link it prints
import { monitor } from "wsight";

const { probe } = await monitor({}, { service: "custom" });

let id = 0;
const open = [];
const timer = setInterval(() => {
  const connectionId = `c${id++}`;
  probe.trackConnectionOpened({ connectionId, userId: `user-${id % 7}`, channelId: "lobby" });
  open.push(connectionId);
  probe.trackMessageSent("chat", 5 + Math.random() * 20);
  if (id % 20 === 0) probe.trackError("Timeout", "the client did not answer");
  if (open.length > 30) probe.trackConnectionClosed(open.shift());
}, 100);

setTimeout(() => {
  clearInterval(timer);
  console.log(probe.getSummary());
}, 60_000);
