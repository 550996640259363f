import type { Route, UpgradeRoute } from "./route.ts";

/** An OpenAPI 3.1 document made from the tables themselves, so that it can't fall behind them. */
export function describeApi(
  routes: readonly Route[],
  upgrades: readonly UpgradeRoute[],
  version: string,
  cookieName: string,
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  for (const { path, access, summary } of upgrades)
    paths[path] = {
      get: {
        summary: `${summary} (WebSocket)`,
        "x-access": access,
        security: SECURED,
        responses: { 101: { description: "Switching protocols" }, ...REFUSALS },
      },
    };
  return {
    openapi: "3.1.0",
    info: { title: "wsight hub", version },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        session: { type: "apiKey", in: "cookie", name: cookieName },
      },
      schemas: { Error: ERROR_SCHEMA },
    },
  };
}

const SECURED = [{ bearer: [] }, { session: [] }];
const ERROR_SCHEMA = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" }, details: {} },
    },
  },
};
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  201: "Made",
  202: "Begun",
  204: "Done; no body",
  302: "Leads elsewhere",
};
const REFUSALS = {
  400: refusal("The request makes no sense"),
  401: refusal("Not signed in"),
  403: refusal("Signed in, but not allowed"),
  429: refusal("Too many requests"),
};
const NOT_THERE = refusal("There is no such thing");
const FURTHER: Readonly<Record<number, object>> = {
  404: NOT_THERE,
  409: refusal("It can't be done as things stand"),
  412: refusal("Another version is there: details.version"),
  428: refusal("Which version is meant was not said"),
  503: refusal("What is needed for it is away"),
};

function refusal(description: string): Readonly<Record<string, unknown>> {
  return { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } };
}

function operation(route: Route): Readonly<Record<string, unknown>> {
  return {
    summary: route.summary,
    "x-access": route.access,
    ...(route.access === "open" ? {} : { security: SECURED }),
    parameters: [...pathParameters(route.path), ...queryParameters(route)],
    ...(route.body === undefined ? {} : { requestBody: { content: { "application/json": { schema: route.body } } } }),
    responses: responses(route),
  };
}

function responses({
  answers = 200,
  access,
  path,
  method,
  query = [],
  refuses = [],
}: Route): Readonly<Record<number, unknown>> {
  const namesOne = path.includes(":") || query.some(({ name }) => name === "node");
  return {
    [answers]: { description: DESCRIPTIONS[answers] ?? "OK" },
    ...(access === "open" && method === "GET" ? {} : REFUSALS),
    ...(access !== "open" && namesOne ? { 404: NOT_THERE } : {}),
    ...Object.fromEntries(refuses.map((status) => [status, FURTHER[status]])),
  };
}

function templated(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}");
}

function pathParameters(path: string): readonly unknown[] {
  return [...templated(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query = [] }: Route): readonly unknown[] {
  return query.map(({ name, summary, schema }) => ({ name, in: "query", description: summary, schema }));
}
