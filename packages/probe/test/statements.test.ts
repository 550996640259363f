import { MAX_SHAPE_LENGTH } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueryBook } from "../dist/instruments/query-book.js";
import { readSql } from "../dist/statements/sql-shape.js";

const shapeOf = (sql: string): string => readSql(sql).shape;
const operationOf = (sql: string): string => {
  const { name, kind } = readSql(sql).operation;
  return `${name} ${kind}`;
};

describe("the shape of a statement", () => {
  it.each([
    ["SELECT * FROM t WHERE id = 42 AND name = 'al''ice'", "SELECT * FROM t WHERE id = ? AND name = ?"],
    ["select 1.5e-3, .5, 0xFF, 1_000, $1::int", "select ?, ?, ?, ?, ?::int"],
    ["SELECT E'a\\'b', B'01', X'ff', N'n', U&'d\\0061'", "SELECT ?, ?, ?, ?, ?"],
    ["SELECT $$ it's $$, $tag$ $$ $tag$", "SELECT ?, ?"],
    ["SELECT 'one'\n  'two'", "SELECT ?"],
    ["SELECT a -- secret\n/* so /* is */ this */ FROM t", "SELECT a FROM t"],
    ["SELECT  a,\n\tb\nFROM t;  ", "SELECT a, b FROM t"],
    ['SELECT "a b"."c" FROM "public"."User"', 'SELECT "a b"."c" FROM "public"."User"'],
    ['SELECT "x@example.org"', "SELECT ?"],
    ["WHERE id IN (1, 2, 3) OR id IN ($1::uuid, $2::uuid)", "WHERE id IN (?) OR id IN (?)"],
    ["WHERE (a, b) IN ((1, 2), (3, NULL))", "WHERE (a, b) IN (?)"],
    [
      "INSERT INTO t (a) VALUES (1, now()), (2, now()) RETURNING id",
      "INSERT INTO t (a) VALUES (?, now()) RETURNING id",
    ],
    ["WHERE a = ANY(ARRAY[1, 2]) AND b[1] = -2", "WHERE a = ANY(ARRAY[?]) AND b[?] = -?"],
    ["SELECT count(*), coalesce(a, 0)", "SELECT count(*), coalesce(a, ?)"],
    ["SET app.token = abc, def; SELECT 1", "SET app.token = ?; SELECT ?"],
    ["SET LOCAL search_path TO tenant_1", "SET LOCAL search_path TO ?"],
    ["SET ROLE bob", "SET ROLE ?"],
    ["", "…"],
  ])("of %j is %j", (sql, shape) => {
    expect(shapeOf(sql)).toBe(shape);
  });

  it.each([
    "SELECT 'secret",
    'SELECT a, "secret',
    "SELECT $x$ secret",
    "SELECT 1 /* secret",
    "SELECT 'it\\'s secret', 'more'",
    "SELECT * FROM t WHERE name = 'O'Brien secret'",
    "SELECT * FROM t WHERE a = 'O'Brien secret' AND b = 'O'Neil secret'",
    "SELECT `secret`",
    "SELECT * FROM t WHERE a = ‘my secret word’",
    "SELECT {secret}",
    "SELECT x'secret",
    "SELECT 1'secret'",
    "SELECT (- - - - 1), secret, 'a'b'",
  ])("shows nothing of %j from where it can't be told what is a literal", (sql) => {
    expect(shapeOf(sql)).not.toContain("secret");
    expect(shapeOf(sql).endsWith("…")).toBe(true);
  });

  it("is cut, and of a long list only its beginning is read", () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(", ");
    expect(shapeOf(`INSERT INTO t (a, b) VALUES ${rows}`)).toBe("INSERT INTO t (a, b) VALUES (?) …");
    expect(shapeOf(`SELECT ${"a_long_name, ".repeat(100)} b`)).toHaveLength(MAX_SHAPE_LENGTH);
  });

  const secret = fc
    .stringMatching(/^[a-z0-9' "\\$\n;,()/*-]{0,12}$/)
    .map((text) => `zqx${text.replaceAll("'", "")}zqy`);
  const literal = fc.oneof(
    fc.string().map((text) => `'zqx${text.replaceAll("'", "''")}zqy'`),
    fc.string({ unit: "binary" }).map((text) => `'zqx${text.replaceAll("'", "''")}zqy'`),
    secret.map((text) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`),
    secret.map((text) => `$zz$${text.replaceAll("$zz$", "")}$zz$`),
    secret.map((text) => `$$${text.replaceAll("$", "")}$$`),
    secret.map((text) => `/* ${text.replaceAll(/\*\/|\/\*/g, "").replaceAll(/[*/]/g, "")} */ 1`),
    secret.map((text) => `-- ${text.replaceAll(/[\n\r]/g, "")}\n 1`),
    fc.nat().map((number) => `97531${number}`),
    fc.nat().map((number) => `-0x97531${number.toString(16)}`),
  );
  const statement = fc
    .tuple(
      fc.constantFrom(
        "SELECT * FROM t WHERE a = #",
        "SELECT # AS x, f(#, b) FROM t",
        "INSERT INTO t VALUES (#, #), (#, now())",
        "UPDATE t SET a = # WHERE b IN (#, #, #) RETURNING *",
        "WITH x AS (SELECT #::text) SELECT * FROM x WHERE y = ANY(ARRAY[#, #]) LIMIT #",
        "SET a.b = #",
        'SELECT "n" FROM t WHERE a = # AND (b, c) IN ((#, #), (#, #)) -- end',
        "COPY t FROM # WITH (DELIMITER #); SELECT #",
      ),
      fc.array(literal, { minLength: 10, maxLength: 10 }),
    )
    .map(([template, literals]) => {
      let at = 0;
      return template.replaceAll("#", () => literals[at++] ?? "1");
    });

  it("never holds a literal that was put into the statement", () => {
    fc.assert(
      fc.property(statement, (sql) => {
        const { shape } = readSql(sql);
        expect(shape).not.toMatch(/zqx|zqy|97531/);
        expect(shape.length).toBeLessThanOrEqual(MAX_SHAPE_LENGTH);
      }),
      { numRuns: 3000 },
    );
  });

  it("is had of anything, however wrong, in little time", () => {
    const soup = fc.array(
      fc.constantFrom(
        "'",
        '"',
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "\n",
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        "a",
        "1",
        "VALUES",
        "SET",
        "=",
        "\\",
        "E'",
        "::",
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(soup, (parts) => {
        expect(readSql(parts.join("")).shape.length).toBeLessThanOrEqual(MAX_SHAPE_LENGTH);
        readSql(parts.join(" "));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("what a statement does", () => {
  it.each([
    ["-- a\n/* b */ (SELECT 1) UNION (SELECT 2)", "SELECT read"],
    ["WITH x AS (SELECT 1) SELECT * FROM x FOR UPDATE", "SELECT read"],
    ["WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", "UPDATE write"],
    ["WITH x AS (SELECT 1), y AS MATERIALIZED (SELECT 2) INSERT INTO t SELECT * FROM x", "INSERT write"],
    ['WITH x AS (SELECT 1) UPDATE "t" SET a = 2', "UPDATE write"],
    ["WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) DELETE FROM u USING t", "DELETE write"],
    ["WITH x AS (SELECT (update) FROM t) SELECT 1", "SELECT read"],
    ["INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "INSERT write"],
    ["MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "MERGE write"],
    ["SELECT a INTO b FROM c", "SELECT write"],
    ["COPY t FROM STDIN", "COPY write"],
    ["COPY (SELECT 1) TO STDOUT", "COPY read"],
    ["BEGIN", "BEGIN other"],
    ["set transaction read only", "SET other"],
    ["BEGIN; SELECT 1; DELETE FROM t; COMMIT", "DELETE write"],
    ["EXPLAIN ANALYZE DELETE FROM t", "EXPLAIN other"],
    ["tenant_4711 does things", "OTHER other"],
    ["", "OTHER other"],
  ])("%j: %s", (sql, operation) => {
    expect(operationOf(sql)).toBe(operation);
  });
});

describe("the book of statements", () => {
  const clock = { at: 1_000 };
  const now = (): number => clock.at;

  it("keeps 200 shapes; what is hot keeps its place, what has none shares one row of its client", () => {
    const book = new QueryBook({ now });
    const client = book.client("pg", "postgresql");
    const hot = (): void => client.note(client.sql("SELECT hot"), 1);
    hot();
    for (let i = 0; i < 1000; i++) {
      client.note(client.sql(`SELECT a${i} FROM t`), 0.001);
      clock.at += 1000;
      hot();
    }
    const rows = book.rows(1000);
    expect(rows.length).toBeLessThanOrEqual(201);
    expect(rows[0]).toMatchObject({ shape: "SELECT hot", calls: 1001, maxSeconds: 1 });
    expect(rows.at(-1)?.shape).toBe("_other");
    expect(rows.reduce((sum, { calls }) => sum + calls, 0)).toBe(2001);
    expect(book.total).toBe(1001);
    expect(book.rows(3).map(({ shape }) => shape)).toEqual(["SELECT hot", expect.any(String), "_other"]);
  });

  it("begins anew when told to, and forgets a client that is gone", () => {
    const book = new QueryBook({ now });
    const client = book.client("pg", "postgresql");
    const statement = client.sql("SELECT 1");
    client.note(statement, 0.5);
    client.noteError(statement);
    expect(book.rows(10)).toMatchObject([{ shape: "SELECT ?", calls: 1, errors: 1, totalSeconds: 0.5 }]);
    book.reset();
    expect(book.rows(10)).toEqual([]);
    client.note(statement, 0.25);
    expect(book.rows(10)).toMatchObject([{ calls: 1, errors: 0, totalSeconds: 0.25 }]);
    client.end();
    expect(book.rows(10)).toEqual([]);
  });

  it("shows shapes to the application's own redaction, and withholds them when that throws", () => {
    const book = new QueryBook({ now, redact: (text) => text.replaceAll("payroll", "•••") });
    const client = book.client("pg", "postgresql");
    expect(client.sql("SELECT * FROM payroll").shape).toBe("SELECT * FROM •••");
    const broken = new QueryBook({
      now,
      redact() {
        throw new Error("no");
      },
    });
    expect(broken.client("pg", "postgresql").sql("SELECT 1").shape).toContain("withheld");
  });

  it("reads a hot statement once", () => {
    const client = new QueryBook({ now }).client("pg", "postgresql");
    const text = "SELECT * FROM t WHERE a = 1";
    const first = client.sql(text);
    for (let i = 0; i < 700; i++) {
      client.sql(`SELECT ${i}, b${i}`);
      expect(client.sql(text)).toBe(first);
    }
  });
});
