import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { contractReplies, type HttpRoutes, httpContract, inContext } from "@wsight/testkit";
import { createSubject, listening, makeCertificate } from "./http-support.ts";

const NO_ROUTES: HttpRoutes = {
  ok: "",
  user: "",
  users: "",
  any: "",
  file: "",
  boom: "",
  blocked: "",
  passedOn: "",
  twice: ["", ""],
};

const ANSWERS: readonly (readonly [RegExp, number])[] = [
  [/^\/(ok|any|files|twice)/, 200],
  [/^\/api\/[^/]+\/users\/[^/]+/, 200],
  [/^\/api\/[^/]+\/users/, 201],
  [/^\/api\/[^/]+\/boom/, 500],
  [/^\/blocked/, 403],
  [/^\/fresh/, 304],
  [/^/, 404],
];

const RAW: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/stream": contractReplies.stream,
  "/chunks": contractReplies.chunks,
  "/big": contractReplies.big,
  "/hang": () => undefined,
};

async function answer(args: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "";
  const raw = RAW[path];
  if (raw !== undefined) raw(response);
  else if (path === "/slow") response.end(await contractReplies.slow());
  else if (path === "/context") response.end(await contractReplies.context(args, request, response));
  else {
    response.statusCode = ANSWERS.find(([pattern]) => pattern.test(path))?.[1] ?? 404;
    response.end();
  }
}

for (const name of ["http", "https"] as const) {
  const secure = name === "https";
  httpContract({
    name,
    secure,
    server: name,
    routes: NO_ROUTES,
    start(watch) {
      const server = secure ? createSecureServer(makeCertificate()) : createServer();
      return createSubject({
        server,
        target: server,
        watch,
        addRoutes: () =>
          server.on("request", (...args) => {
            const [request, response] = args;
            inContext(() => void answer(args.length, request, response));
          }),
        listen: () => listening(server),
      });
    },
  });
}
