# frozen_string_literal: true

require "json"
require "socket"
require "sidekiq"
require "sidekiq/component"
require "sidekiq/fetch"
require "redis-client"

# What becomes of each measured job, told to the rehearsal as it happens. By datagrams: what has been told has left the
# machine, whatever happens to the process or to the machine in the next moment, and nobody waits for an answer.
module Ledger
  # Of the rehearsal, on its stand-in for the internet.
  ADDRESS = ["192.0.2.40", 5140].freeze
  SCHEMA = "CREATE TABLE IF NOT EXISTS measured (job bigint PRIMARY KEY, host varchar NOT NULL, attempts int NOT NULL DEFAULT 1, release varchar, signature varchar, " \
           "started_at timestamptz NOT NULL DEFAULT clock_timestamp(), finished_at timestamptz, executions int NOT NULL DEFAULT 0)"

  # As Sidekiq shows this process: another one after each start.
  def self.process = @process ||= Object.new.extend(Sidekiq::Component).identity

  def self.tell(event, **more)
    @socket ||= UDPSocket.new
    at = (Time.now.to_f * 1000).round
    @socket.send(JSON.generate({ event:, process:, host: Socket.gethostname, at:, **more }), 0, *ADDRESS)
  rescue SystemCallError => e
    # A machine that goes down has no network: no reason for the job to fail.
    warn "ledger: #{e.message}"
  end

  # Number of the measured job with that payload, nil for every other.
  def self.number(payload)
    payload = JSON.parse(payload) if payload.is_a?(String)
    payload["args"].first if payload["class"] == "MeasuredJob"
  end

  def self.note(event, payload, **more)
    number(payload)&.then { |job| tell(event, job:, **more) }
  end

  # Sidekiq's own fetch, which has a job in this process' memory alone from here to its end.
  class Fetch < Sidekiq::BasicFetch
    def retrieve_work = super&.tap { |work| Ledger.note("popped", work.job) }

    def bulk_requeue(inprogress)
      # Before it is so: another process may have them at once.
      inprogress.each { |work| Ledger.note("handed back", work.job) }
      super
    end
  end

  # Told of each request for a job whose connection ended without an answer: the answer may have been a job, which nobody has now.
  # Below the client's own second try, which nothing else tells of.
  module Unanswered
    def call(command, config)
      super
    rescue RedisClient::CannotConnectError
      raise
    rescue RedisClient::ConnectionError
      Ledger.tell("unanswered") if command.first.casecmp?("brpop")
      raise
    end
  end

  def self.watch(config)
    RedisClient.register(Unanswered)
    config[:fetch_class] = Fetch
    config.death_handlers << ->(job, error) { note("dead", job, error: error.class.name) }
    config.error_handlers << lambda do |error, context, _config|
      next unless context[:job]

      # Sidekiq's own words for a failure that it could not store: the job is nowhere now.
      event = context[:context] == "Internal exception!" ? "dropped" : "failed"
      note(event, context[:job], error: "#{error.class}: #{error.message}"[0, 300])
    end
  end
end
