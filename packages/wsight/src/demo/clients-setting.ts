import { asFields, asInteger, asText } from "@wsight/protocol";

/** What the process of the clients is told. */
export interface ClientsSetting {
  /** Address of the application, `http://host:port`. */
  readonly url: string;
  readonly seed: number;
  readonly chatClients: number;
  readonly tickerClients: number;
  readonly shopClients: number;
}

/** Parses what the process of the clients was started with. @throws WsightError `BAD_OPTION` */
export function parseClientsSetting(value: unknown): ClientsSetting {
  const fields = asFields("BAD_OPTION", "clients", value);
  return {
    url: asText("BAD_OPTION", "clients url", fields.url),
    seed: asInteger("BAD_OPTION", "clients seed", fields.seed),
    chatClients: asInteger("BAD_OPTION", "chatClients", fields.chatClients, 0, 1000),
    tickerClients: asInteger("BAD_OPTION", "tickerClients", fields.tickerClients, 0, 1000),
    shopClients: asInteger("BAD_OPTION", "shopClients", fields.shopClients, 0, 1000),
  };
}
