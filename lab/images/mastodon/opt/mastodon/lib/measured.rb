# frozen_string_literal: true

require "sidekiq"
require_relative "databases"
require_relative "keys"
require_relative "ledger"
require_relative "release"

# A job that costs what it is told: milliseconds of Ruby's CPU, its round trips' and what Sidekiq does before and after it included,
# round trips to Postgres and to Redis, milliseconds of waiting for somebody else. Between two round trips it computes, as Mastodon's do.
# It can run twice, as Sidekiq's jobs have to: its row is the same then.
class MeasuredJob
  include Sidekiq::Job
  sidekiq_options queue: "default", retry: 25
  # Mastodon's wait longer; a rehearsal has less time.
  sidekiq_retry_in { 3 }

  FEED = "feed:measured"

  # Milliseconds of CPU that Sidekiq takes for a job, outside of it, at most: the rest is a thread's that waited for one.
  AROUND = 5.0

  def perform(number, work)
    began = [Thread.current[:paid] || cpu, cpu - AROUND].max
    Databases.query("INSERT INTO measured (job, host) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET " \
                    "attempts = measured.attempts + 1, host = EXCLUDED.host", [number, Socket.gethostname])
    raise "fails by design" if work["fails"]
    # Which release did it, and that it still can.
    if work["signs"]
      Databases.query("UPDATE measured SET release = $2, signature = $3 WHERE job = $1", [number, Release::NAME, Keys.sign(Release.key, number.to_s)])
    end

    work["trips"].times do |trip|
      Databases.query("SELECT attempts FROM measured WHERE job = $1", [number])
      compute(began + work["cpu"] * (trip + 1.0) / work["trips"])
    end
    work.fetch("redis", 0).times { Sidekiq.redis { |redis| redis.call("ZSCORE", FEED, number) } }
    compute(began + work["cpu"])
    sleep(work["wait"] / 1000.0)
    # Home feeds are in Redis, and nowhere else.
    Sidekiq.redis { |redis| redis.call("ZADD", FEED, number, number) }
    Databases.query("UPDATE measured SET finished_at = clock_timestamp(), executions = executions + 1 WHERE job = $1", [number])
  ensure
    # The last round trips came on top of that. The next job computes that much less.
    Thread.current[:paid] = [cpu, began + work["cpu"]].min
  end

  private

  def compute(until_cpu)
    Math.sqrt(2) while cpu < until_cpu
  end

  # Milliseconds that this thread has taken.
  def cpu = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID, :float_millisecond)
end
