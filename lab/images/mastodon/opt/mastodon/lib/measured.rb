# frozen_string_literal: true

require "fiddle"
require "sidekiq"
require_relative "databases"
require_relative "keys"
require_relative "ledger"
require_relative "release"

# A job that costs what it is told: milliseconds of Ruby's CPU, its round trips' and what Sidekiq does before and after it included,
# round trips to Postgres and to Redis, milliseconds of waiting for somebody else. Between two round trips it computes, as Mastodon's do:
# now longer and now shorter.
# It can run twice, as Sidekiq's jobs have to: its row is the same then.
class MeasuredJob
  include Sidekiq::Job
  sidekiq_options queue: "default", retry: 25
  # Mastodon's wait longer; a rehearsal has less time.
  sidekiq_retry_in { 3 }

  FEED = "feed:measured"

  # Milliseconds of CPU that Sidekiq takes for a job, outside of it, at most: the rest is a thread's that waited for one.
  AROUND = 5.0

  # Keeps Ruby's lock: no other thread of the process computes meanwhile.
  SLEEP = Fiddle::Function.new(Fiddle::Handle::DEFAULT["usleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: true)

  def perform(number, work)
    began = [Thread.current[:paid] || cpu, cpu - AROUND].max
    @vcpu = work.fetch("vcpu", 1)
    @counted = began
    @owed = 0.0
    Databases.query("INSERT INTO measured (job, host) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET " \
                    "attempts = measured.attempts + 1, host = EXCLUDED.host", [number, Socket.gethostname])
    raise "fails by design" if work["fails"]
    # Which release did it, and that it still can.
    if work["signs"]
      Databases.query("UPDATE measured SET release = $2, signature = $3 WHERE job = $1", [number, Release::NAME, Keys.sign(Release.key, number.to_s)])
    end

    trips = Array.new(work["trips"]) { -> { Databases.query("SELECT attempts FROM measured WHERE job = $1", [number]) } }
    trips += Array.new(work.fetch("redis", 0)) { -> { Sidekiq.redis { |redis| redis.call("ZSCORE", FEED, number) } } }
    trips.zip(trips.map { rand }.sort) do |trip, share|
      trip.call
      compute(began + work["cpu"] * share)
    end
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

  # On a CPU that is a part of this core. The kernel's quota makes no slow CPU: a process runs at full speed, then not at all, and a round trip
  # that falls into the pause costs it nothing.
  def compute(until_cpu)
    outside = cpu - @counted
    began = monotonic
    Math.sqrt(2) while cpu < until_cpu
    total = cpu - @counted
    @counted += total
    @owed += total / @vcpu - outside - (monotonic - began)
    return unless @owed.positive?

    began = monotonic
    SLEEP.call((@owed * 1000).round)
    @owed -= monotonic - began
  end

  def monotonic = Process.clock_gettime(Process::CLOCK_MONOTONIC, :float_millisecond)

  # Milliseconds that this thread has taken.
  def cpu = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID, :float_millisecond)
end
