# frozen_string_literal: true

require "fileutils"
require "sidekiq/api"
require_relative "../lib/boot"
require_relative "../lib/jobs"
require_relative "../lib/measured"
require_relative "../lib/mailer"
require_relative "../lib/media"

# Jobs and seconds by class and queue, as the real exporter counts and writes them (prometheus_exporter's SidekiqCollector).
class Counted
  DONE = Hash.new { |all, labels| all[labels] = [0, 0.0] }
  LOCK = Mutex.new

  def self.text
    LOCK.synchronize { DONE.to_a }.map do |labels, (jobs, seconds)|
      "ruby_sidekiq_jobs_total{#{labels}} #{jobs}\nruby_sidekiq_job_duration_seconds_sum{#{labels}} #{seconds}\n"
    end.join
  end

  def call(worker, _job, queue)
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    yield
  ensure
    seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
    LOCK.synchronize do
      counts = DONE["job_name=\"#{worker.class}\",queue=\"#{queue}\""]
      counts[0] += 1
      counts[1] += seconds
    end
  end
end

# Two processes on one port are a mistake of the compose file, and end here.
def serve_metrics
  server = TCPServer.new(ENV.fetch("MASTODON_PROMETHEUS_EXPORTER_HOST"), Integer(ENV.fetch("MASTODON_PROMETHEUS_EXPORTER_PORT")))
  Thread.new do
    loop do
      client = server.accept
      # A socket that is closed with something unread in it is reset, and who asked gets nothing.
      nil until [nil, "\r\n"].include?(client.gets)
      body = Sidekiq::Queue.all.map { |queue| "sidekiq_queue_backlog{queue=\"#{queue.name}\"} #{queue.size}\n" }.join + Counted.text
      client.write "HTTP/1.0 200 OK\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}"
      client.close
    rescue StandardError => e
      # Redis is gone, or who asked: the next one gets an answer again.
      warn "metrics: #{e.message}"
      client&.close
    end
  end
end

Sidekiq.configure_server do |config|
  config.redis = Databases.redis_options
  config.logger.level = Logger.const_get(ENV.fetch("RAILS_LOG_LEVEL", "info").upcase)
  Ledger.watch(config)
  config.server_middleware { |chain| chain.add Counted }
  config.on(:startup) do
    Databases.postgres(threads: config.concurrency)
    serve_metrics if ENV["MASTODON_PROMETHEUS_EXPORTER_ENABLED"] == "true"
  end
  # A crash leaves the file where it is.
  if (name = ENV["MASTODON_SIDEKIQ_READY_FILENAME"])
    raise "MASTODON_SIDEKIQ_READY_FILENAME is not a valid filename" if File.basename(name) != name

    ready = File.join("tmp", name)
    config.on(:startup) { FileUtils.touch(ready) }
    config.on(:shutdown) { FileUtils.rm_f(ready) }
  end
end

Boot.load(resident_mib: 300)
Release.start("sidekiq")
