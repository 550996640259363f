// A web server whose database is watched through Prisma 7.
//   npx prisma generate --schema examples/prisma/schema.prisma
//   DATABASE_URL=postgres://… node examples/prisma.mjs    then open the link it prints, and http://127.0.0.1:8080
import { createServer } from "node:http";
import { PrismaPg } from "@prisma/adapter-pg";
import { monitor, prismaExtension } from "wsight";
import { PrismaClient } from "./prisma/generated/index.js";

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL });
const prisma = new PrismaClient({ adapter }).$extends(prismaExtension());
await prisma.$executeRaw`CREATE TABLE IF NOT EXISTS wsight_example_visit (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`;

const server = createServer(async (_request, response) => {
  await prisma.visit.create({ data: {} });
  response.end(`visits: ${await prisma.visit.count()}\n`);
});
server.listen(8080, "127.0.0.1");

await monitor({ server, prisma }, { service: "visits" });
