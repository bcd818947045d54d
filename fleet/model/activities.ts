/** How many jobs there are: from people to activities, and from activities to jobs by Mastodon's own fan-out. */
import { ACTIVITIES, type Activity, type FollowingJob } from "./jobs";

/** What happens, a second. */
export interface Happenings {
  /** Activities from other servers that make a job; a Delete of an account that nobody here knows makes none. */
  incoming: Record<Activity, number>;
  /** Posts and boosts of the instance's own people. */
  localPosts: number;
  /** Their likes, follows and undos: each is one delivery. */
  localActions: number;
  mails: number;
}

/** Whom a post reaches. */
export interface Reach {
  /** Home feeds that an incoming post gets into, of people who signed in within 7 days (F). */
  feeds: number;
  /** The same of a local post (L). */
  localFeeds: number;
  /** Servers among the remote followers of a local author (S). */
  servers: number;
}

/**
 * Of the activities that come in. Chosen: posts and boosts are what servers send to all followers, likes go to the author's server alone. Of
 * posts, one in six has pictures. The mean cost is then the measured one (24 ms; 19 queries instead of 16).
 */
export const INCOMING_SHARE: Record<Activity, number> = {
  text: 0.27,
  hashtag: 0.07,
  mention: 0.04,
  picture: 0.06,
  fourPictures: 0.01,
  boostOfKnown: 0.15,
  boostOfUnknown: 0.05,
  like: 0.16,
  updatedPost: 0.06,
  updatedActor: 0.02,
  delete: 0.06,
  undo: 0.03,
  follow: 0.02,
};

const CREATES = ["text", "hashtag", "mention", "picture", "fourPictures"] as const satisfies Activity[];
/** What gets into feeds. */
const POSTS = [...CREATES, "boostOfKnown", "boostOfUnknown"] as const satisfies Activity[];
/** Each tells somebody of it. */
const NOTIFYING = ["mention", "like", "follow"] as const satisfies Activity[];

const sumOf = (incoming: Readonly<Record<Activity, number>>, activities: readonly Activity[]) =>
  activities.reduce((sum, activity) => sum + incoming[activity], 0);

/** Of posts, replies to one that is not there yet: measured, 274 of 3,133. */
const UNKNOWN_THREADS = 0.09;
/** Of feed entries, to somebody who is looking: measured, 902 of 25,405. */
const LOOKING = 0.036;

/** A day. Fitted to what three instances published, each within 40 % (docs/capacity.md, "How many jobs"). */
const ACTIVITIES_PER_DAY = 22_000;
/** A day and active user. Published: 0.2 to 0.4 local posts and boosts (counts of vmst.io and mastodon.radio, 2022 to 2025). */
const LOCAL_POSTS_PER_DAY = 0.3;
/** Chosen: some likes, boosts and follows for each post. */
const LOCAL_ACTIONS_PER_DAY = 3;
/** Chosen. Only people who were not there get mail. */
const MAILS_PER_DAY = 0.1;
/** Entries that a day brings into the feed of each active user; fitted with ACTIVITIES_PER_DAY. Those who stayed away for 7 days get none. */
const FEED_ENTRIES_PER_DAY = 200;

/** Chosen; measured were 20 to 100 feeds, and 78 to 176 servers, with a follower graph that was made up. */
const LOCAL_FEEDS = 20;
const SERVERS = 60;

const DAY = 86_400;

/**
 * A day's mean. Others' posts are shared by all who follow their authors: a hundred people follow most of what there is already, and the next
 * nine hundred only twice as much again. Hence the cube root, which is also the base: 22,000 a day for a single user.
 */
export const incomingPerSecond = (activeUsers: number): number =>
  (ACTIVITIES_PER_DAY * Math.cbrt(activeUsers)) / DAY;

/** @param incoming a day's mean a second, as measured or by `incomingPerSecond` */
export function happeningsOf(
  activeUsers: number,
  incoming: number,
): { happenings: Happenings; reach: Reach } {
  const perDay = (amount: number) => (activeUsers * amount) / DAY;
  return {
    happenings: {
      incoming: perActivity((activity) => incoming * INCOMING_SHARE[activity]),
      localPosts: perDay(LOCAL_POSTS_PER_DAY),
      localActions: perDay(LOCAL_ACTIONS_PER_DAY),
      mails: perDay(MAILS_PER_DAY),
    },
    reach: {
      feeds: perDay(FEED_ENTRIES_PER_DAY) / (incoming * sumOf(INCOMING_SHARE, POSTS)),
      localFeeds: Math.min(LOCAL_FEEDS, activeUsers),
      servers: SERVERS,
    },
  };
}

export const perActivity = (value: (activity: Activity) => number): Record<Activity, number> =>
  Object.fromEntries(
    (Object.keys(ACTIVITIES) as Activity[]).map((activity) => [activity, value(activity)]),
  ) as Record<Activity, number>;

/** Measured: three jobs a minute and two every five minutes, on any instance. */
const SCHEDULED_PER_SECOND = 0.057;

/** Jobs/s of each kind that follows, by the code of mastodon:app/services/fan_out_on_write_service.rb, post_status_service.rb and the workers. */
export function fanOut(
  { incoming, localPosts, localActions, mails }: Happenings,
  { feeds, localFeeds, servers }: Reach,
): Record<FollowingJob, number> {
  const posts = sumOf(incoming, POSTS);
  const entries = posts * feeds + localPosts * localFeeds;
  return {
    feedInsert: entries,
    distribution: posts + localPosts,
    pushUpdate: entries * LOOKING,
    notification: sumOf(incoming, NOTIFYING),
    webhook: localPosts,
    // To accept a follow is one too.
    delivery: localPosts * servers + localActions + incoming.follow,
    localDistribution: localPosts,
    linkCrawl: sumOf(incoming, CREATES) + localPosts,
    threadResolve: sumOf(incoming, POSTS) * UNKNOWN_THREADS,
    mail: mails + incoming.follow,
    scheduled: SCHEDULED_PER_SECOND,
    fasp: localPosts,
  };
}
