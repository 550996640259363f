import type { Place } from "./place.ts";

/** What a reverse proxy needs for a dashboard, as nginx writes it. */
export function nginxLines({ mount }: Place): string {
  return [
    `location ${mount}/ {`,
    "  proxy_pass http://127.0.0.1:4700;   # the hub, or your application",
    "  proxy_http_version 1.1;",
    "  proxy_set_header Upgrade $http_upgrade;",
    '  proxy_set_header Connection "upgrade";',
    "  proxy_set_header Host $host;",
    "  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "  proxy_set_header X-Forwarded-Proto $scheme;",
    "  proxy_buffering off;",
    "  proxy_read_timeout 1h;",
    "}",
  ].join("\n");
}
