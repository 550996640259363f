import { createPublicKey, type KeyObject } from "node:crypto";
import { asInteger, asOneOf, asText, expected, WsightError } from "@wsight/protocol";
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify, SignJWT } from "jose";
import { type Principal, ROLES, type Role } from "./principal.ts";
import { parseQueues, readQueues } from "./queue-scope.ts";

/** `iss` of the tokens this program makes, and what it expects unless told otherwise. */
const TOKEN_ISSUER = "wsight";
/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8192;
const MAX_TTL_MS = 400 * 24 * 3_600_000;

/** Tokens of somebody else's making: verified by public key, never signed here. */
export interface JwtOptions {
  /** The one algorithm that is accepted. */
  readonly algorithm: "RS256" | "ES256";
  /** Public key as PEM (SPKI). Give this or `jwksUrl`. */
  readonly publicKey?: string;
  /** Address of a JSON Web Key Set; `https:`, or `http:` on loopback. */
  readonly jwksUrl?: string;
  /** Expected `iss`. @default "wsight" */
  readonly issuer?: string;
  /** Expected `aud`. @default not checked */
  readonly audience?: string;
}

/** What a token is verified with: one algorithm, pinned, and the key that belongs to it. */
export interface TokenKeys {
  readonly algorithm: "HS256" | JwtOptions["algorithm"];
  readonly key: Uint8Array | KeyObject | JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience?: string;
}

/** What a token says, once verified. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** ms epoch. */
  readonly expiresAt: number;
  /** `jti`, when the token has one. */
  readonly id: string | null;
}

/** What to put into a token. */
export interface TokenClaims {
  readonly sub: string;
  readonly role: Role;
  /** Life of the token in ms, from one second to 400 days. */
  readonly ttlMs: number;
  /** With role `probe` alone: the 1 to 64 queues whose jobs it may tell of. @default every queue */
  readonly queues?: readonly string[];
  /** `jti`. @default none */
  readonly id?: string;
}

/**
 * Signs a token with HS256.
 * @throws WsightError `BAD_OPTION`
 * @example
 * await signToken({ sub: "ops", role: "admin", ttlMs: 3_600_000 }, secret)
 */
export async function signToken(
  claims: TokenClaims,
  secret: string | Uint8Array,
  now: () => number = Date.now,
): Promise<string> {
  const ttlMs = asInteger("BAD_OPTION", "ttlMs", claims.ttlMs, 1000, MAX_TTL_MS);
  const issuedAt = Math.floor(now() / 1000);
  const role = asOneOf("BAD_OPTION", "role", claims.role, ROLES);
  const draft = new SignJWT({ role, ...queuesClaim(role, claims.queues) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(TOKEN_ISSUER)
    .setSubject(asText("BAD_OPTION", "sub", claims.sub))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(ttlMs / 1000));
  if (claims.id !== undefined) draft.setJti(claims.id);
  const token = await draft.sign(secretKey(secret));
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  throw expected("BAD_OPTION", "token", `at most ${MAX_TOKEN_LENGTH} characters; name fewer queues`, token.length);
}

/** Nobody shall take a token for bounded that is not. */
function queuesClaim(role: Role, queues: readonly string[] | undefined): { readonly queues?: readonly string[] } {
  if (queues === undefined) return {};
  if (role !== "probe") throw expected("BAD_OPTION", "queues", "none but with role probe", queues);
  return { queues: parseQueues("BAD_OPTION", "queues", queues) };
}

/** Keys for tokens signed with a shared secret. */
export function secretKeys(secret: string | Uint8Array): TokenKeys {
  return { algorithm: "HS256", key: secretKey(secret), issuer: TOKEN_ISSUER };
}

/**
 * Keys for tokens of somebody else's making.
 * @throws WsightError `BAD_OPTION` when the key is missing or does not fit the algorithm
 */
export function publicKeys(options: JwtOptions): TokenKeys {
  const { algorithm, publicKey, jwksUrl, issuer = TOKEN_ISSUER, audience } = options;
  asOneOf("BAD_OPTION", "jwt.algorithm", algorithm, ["RS256", "ES256"]);
  if ((publicKey === undefined) === (jwksUrl === undefined))
    throw new WsightError("BAD_OPTION", "jwt: expected either publicKey or jwksUrl, got both or neither");
  const key = publicKey === undefined ? remoteKeys(jwksUrl ?? "") : pemKey(algorithm, publicKey);
  return { algorithm, key, issuer, ...(audience === undefined ? {} : { audience }) };
}

/**
 * Verifies a token: signature by the pinned algorithm, issuer, expiry, and claims.
 * @throws WsightError `UNAUTHENTICATED`, without saying more than the bearer may know
 */
export async function verifyToken(
  token: string,
  keys: TokenKeys,
  now: () => number = Date.now,
): Promise<VerifiedToken> {
  if (token.length > MAX_TOKEN_LENGTH) throw new WsightError("UNAUTHENTICATED", "The token is too long");
  try {
    const { payload } = await jwtVerify(token, keys.key, {
      algorithms: [keys.algorithm],
      issuer: keys.issuer,
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now()),
      ...(keys.audience === undefined ? {} : { audience: keys.audience }),
    });
    return readClaims(payload);
  } catch (cause) {
    if (cause instanceof WsightError) throw cause;
    const message = cause instanceof errors.JWTExpired ? "The token has expired" : "The token is not valid";
    throw new WsightError("UNAUTHENTICATED", message, { cause });
  }
}

function readClaims(payload: JWTPayload): VerifiedToken {
  const sub = asText("UNAUTHENTICATED", "token claim sub", payload.sub);
  if (sub === "") throw expected("UNAUTHENTICATED", "token claim sub", "a name", sub);
  const role = asOneOf("UNAUTHENTICATED", "token claim role", payload.role, ROLES);
  const queues = readQueues("UNAUTHENTICATED", "token claim queues", { role, queues: payload.queues });
  return {
    principal: { sub, role, ...queues },
    expiresAt: (payload.exp ?? 0) * 1000,
    id: payload.jti ?? null,
  };
}

function secretKey(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
}

function pemKey(algorithm: JwtOptions["algorithm"], pem: string): KeyObject {
  const key = parsePem(pem);
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (algorithm === "RS256" && !(key.asymmetricKeyType === "rsa" && modulusLength >= 2048))
    throw expected("BAD_OPTION", "jwt.publicKey", "an RSA key of at least 2048 bits", key.asymmetricKeyType);
  if (algorithm === "ES256" && namedCurve !== "prime256v1")
    throw expected("BAD_OPTION", "jwt.publicKey", "an EC key on P-256", namedCurve ?? key.asymmetricKeyType);
  return key;
}

function parsePem(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new WsightError("BAD_OPTION", "jwt.publicKey: expected a public key as PEM", { cause });
  }
}

function remoteKeys(address: string): JWTVerifyGetKey {
  const url = URL.canParse(address) ? new URL(address) : null;
  const loopback = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && loopback)))
    throw expected("BAD_OPTION", "jwt.jwksUrl", "an https: address (http: on loopback only)", address);
  return createRemoteJWKSet(url);
}
