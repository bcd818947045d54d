# frozen_string_literal: true

require "connection_pool"
require "pg"
require "redis-client"
require_relative "environment"

# Postgres and Redis as the environment names them.
module Databases
  # One connection, made when it is needed, and anew when it was lost: a restart of pgbouncer ends it.
  class Session
    def rows(sql, parameters)
      tried = false
      begin
        connection.exec_params(sql, parameters).to_a
      rescue PG::ConnectionBad, PG::UnableToSend
        @connection&.close unless @connection&.finished?
        @connection = nil
        raise if tried

        tried = true
        retry
      end
    end

    private

    def connection
      @connection ||= PG.connect(host: ENV["DB_HOST"], port: ENV["DB_PORT"], dbname: ENV["DB_NAME"], user: ENV["DB_USER"],
                                 password: ENV["DB_PASS"], connect_timeout: 5)
    end
  end

  # A connection for each thread, as config/database.yml has it.
  def self.postgres(threads: 5)
    @postgres ||= ConnectionPool.new(size: threads) { Session.new }
  end

  def self.query(sql, parameters = [])
    postgres.with { |session| session.rows(sql, parameters) }
  end

  def self.redis_options
    { host: ENV["REDIS_HOST"], port: Integer(ENV["REDIS_PORT"]), password: ENV["REDIS_PASSWORD"] }
  end

  def self.cache
    @cache ||= RedisClient.config(host: ENV["CACHE_REDIS_HOST"], port: Integer(ENV["CACHE_REDIS_PORT"]),
                                  password: ENV["CACHE_REDIS_PASSWORD"]).new_pool(size: 5)
  end
end
