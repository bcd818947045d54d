/** What web and streaming take: requests by what one costs, measured with real Mastodon (docs/capacity.md, "Web"). */
import { DATABASE_MS_PER_ROUND_TRIP, REDIS_MS_PER_ROUND_TRIP } from "./jobs";

/** A request: CPU in Puma, queries, round trips to Redis; and how many of a hundred requests it is. The costs are measured, the mix is chosen. */
interface Request {
  of: string;
  cpuMs: number;
  sql: number;
  redis: number;
  percent: number;
}

const request = (percent: number, of: string, cpuMs: number, sql: number, redis: number): Request => ({
  percent,
  of,
  cpuMs,
  sql,
  redis,
});

/**
 * Most are clients that look whether there is something new, and servers that fetch actors and posts. Of a hundred requests that reach nginx a
 * fifth is answered from its cache or from a file (services/nginx): those cost nothing here.
 */
export const REQUESTS: readonly Request[] = [
  request(20, "files and nginx' cache", 0, 0, 0),
  request(25, "home timeline, nothing new", 7, 5, 8),
  request(3, "home timeline of 20", 85, 24, 10),
  request(0.5, "public timeline", 75, 21, 10),
  request(0.5, "an account's posts", 75, 19, 6),
  request(9, "notifications", 17, 12, 5),
  request(4, "post", 20, 21, 5),
  request(3, "thread", 12, 14, 6),
  request(8, "account", 7.5, 6, 5),
  request(7, "own account", 10, 7, 5),
  request(4, "ActivityPub object", 20, 10, 5),
  request(8, "ActivityPub actor", 9, 3, 5),
  request(5, "webfinger", 5, 1, 1),
  request(0.8, "post as a page", 28, 12, 24),
  request(0.6, "profile as a page", 16, 5, 24),
  request(0.8, "like", 36, 30, 8),
  request(0.4, "boost", 57, 45, 16),
  request(0.35, "own post", 55, 27, 21),
  request(0.05, "upload of a picture", 700, 10, 5),
];

/** At the busy hour, for each active user: published by two instances, without the hour. It is taken as the busy one's. */
export const REQUESTS_PER_USER_SECOND = 0.02;

/** Each incoming activity is one, whatever becomes of it. */
const INBOX: Omit<Request, "percent"> = { of: "POST /inbox", cpuMs: 6, sql: 4, redis: 3 };

/** At the busy hour, for each active user. Published: 800 to 1,200 for 50,000 accounts; not all of them are active. Chosen between. */
const SOCKETS_PER_USER = 0.1;

export const socketsOf = (activeUsers: number) => activeUsers * SOCKETS_PER_USER;

/** Core milliseconds of one request on main: Puma, Postgres, pgbouncer and Redis. */
const onMain = ({ cpuMs, sql, redis }: Omit<Request, "percent">) =>
  cpuMs + sql * DATABASE_MS_PER_ROUND_TRIP + redis * REDIS_MS_PER_ROUND_TRIP;

/** Of the mean request. */
export const requestMs = REQUESTS.reduce((sum, one) => sum + (onMain(one) * one.percent) / 100, 0);

/** Of web's CPU, what is Puma's own: each process has one core for it, as any Ruby process has. */
export const PUMA_SHARE =
  REQUESTS.reduce((sum, { cpuMs, percent }) => sum + (cpuMs * percent) / 100, 0) / requestMs;

/** Dedicated vCPUs that web keeps busy at the busy hour, with its queries. @param incoming activities/s at the busy hour */
export const webCoresOf = (activeUsers: number, incoming: number): number =>
  (activeUsers * REQUESTS_PER_USER_SECOND * requestMs + incoming * onMain(INBOX)) / 1000;

/** What reaches nginx at the busy hour. @param incoming activities/s at the busy hour */
export const requestsPerSecond = (activeUsers: number, incoming: number): number =>
  activeUsers * REQUESTS_PER_USER_SECOND + incoming;
